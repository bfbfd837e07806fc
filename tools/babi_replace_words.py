#!/usr/bin/env python3
"""Writes a copy of bAbI files in which every word is another one: this must not matter to the model.

    tools/babi_replace_words.py FROM TO --shuffle 1         every word becomes another word of the same vocabulary
    tools/babi_replace_words.py FROM TO --map german.tsv    word <tab> replacement; every word must be in the table

FROM holds en/ and en-10k/; TO is made. Only the tasks of --tasks (default 1,15) are copied. Words are what the reader
takes for words: runs of letters, digits, underscores and bytes above 0x7f, lower-cased. The mapping must be one to one.
"""

import argparse
import pathlib
import random
import re
import sys

WORD = re.compile(r'\w+')


def words_of(line):
    """The parts of a line in which words are to be replaced: all but its number and the supporting facts."""
    number, text = line.split(' ', 1)
    fields = text.split('\t')
    return number, fields


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('source', type=pathlib.Path, metavar='FROM')
    parser.add_argument('target', type=pathlib.Path, metavar='TO')
    parser.add_argument('--tasks', default='1,15')
    how = parser.add_mutually_exclusive_group(required=True)
    how.add_argument('--shuffle', type=int, metavar='SEED')
    how.add_argument('--map', type=pathlib.Path, metavar='FILE')
    args = parser.parse_args()

    for task in args.tasks.split(','):
        files = sorted(p for size in ('en', 'en-10k') for p in (args.source / size).glob(f'qa{task}_*.txt'))
        if not files:
            sys.exit(f'{args.source}: no files of task {task}')
        text = {p: p.read_text(encoding='utf-8').lower().splitlines() for p in files}
        vocabulary = sorted({word for lines in text.values() for line in lines
                             for field in words_of(line)[1][:2] for word in WORD.findall(field)})
        if args.map:
            table = dict(line.split('\t') for line in args.map.read_text(encoding='utf-8').splitlines() if line)
        else:
            order = vocabulary[:]
            random.Random(args.shuffle).shuffle(order)
            # One cycle through the shuffled words: no word stays what it was.
            table = dict(zip(order, order[1:] + order[:1]))
        missing = [word for word in vocabulary if word not in table]
        if missing:
            sys.exit(f'{args.map}: no replacement for {", ".join(missing)}')
        if len({table[word] for word in vocabulary}) != len(vocabulary):
            sys.exit(f'{args.map}: two words of task {task} have the same replacement')

        for path, lines in text.items():
            out = args.target / path.parent.name / path.name
            out.parent.mkdir(parents=True, exist_ok=True)
            with out.open('w', encoding='utf-8') as f:
                for line in lines:
                    number, fields = words_of(line)
                    fields[:2] = [WORD.sub(lambda m: table[m.group()], field) for field in fields[:2]]
                    f.write(f'{number} ' + '\t'.join(fields) + '\n')


if __name__ == '__main__':
    main()
