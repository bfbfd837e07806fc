#!/usr/bin/env python3
"""Compares generated bAbI files with the official ones: what differs by more than chance.

    tools/babi_compare.py [--tasks 1-20] [--size 10k] OFFICIAL GENERATED              differences with |z| > 4
    tools/babi_compare.py [--tasks 1-20] [--size 10k] OFFICIAL GENERATED --markdown   a short table per task

Both folders hold en/ and en-10k/. A table counts one property, say the gap between two questions; it has a row for each
value and, for numbers, one for the mean. z is the difference of the two shares (or means) over its standard error. This
is estimated from the totals of the stories, so that questions of one story need not be independent. The chi-square of a
table is divided by the mean design effect for the same reason; it is shown as the normal deviate of its tail.

At the end of a task: simple learners. One answers the official test questions after training on the generated or on the
official stories. The other tells official stories from generated ones by the tables' values: 50 % means that it cannot.
"""

import argparse
import collections
import functools
import math
import pathlib
import random
import re
import signal
import sys

CLASSES = {
    'person': 'Antoine Bill Daniel Fred Jason Jeff John Julie Mary Sandra Sumit Yann',
    'animal': 'Bernhard Brian Emily Gertrude Greg Jessica Julius Lily Winona',
    'place': 'bathroom bedroom cinema garden hallway kitchen office park school',
    'object': 'apple football milk pajamas',
    'kind': 'cat cats frog lion mice mouse rhino sheep swan wolf wolves',
    'colour': 'gray green white yellow',
    'shape': 'blue_square pink_rectangle red_sphere red_square triangle yellow_square',
    'thing': 'box box_of_chocolates chest chocolate container suitcase',
    'mood': 'bored hungry thirsty tired',
}
SINGULAR = {'cats': 'cat', 'mice': 'mouse', 'wolves': 'wolf'}
CLASS_OF = {name.replace('_', ' ').lower(): kind for kind, names in CLASSES.items() for name in names.split()}
VERBS = {
    'moves': 'journeyed|moved|travelled|went back|went',
    'gets': 'got|grabbed|picked up|took',
    'drops': 'discarded|dropped|left(?= the)|put down',
    'gives': 'gave|handed|passed',
}
ENTITY = re.compile(r'\b(%s)\b' % '|'.join(sorted(CLASS_OF, key=len, reverse=True)), re.IGNORECASE)
VERB = {verb: re.compile(r'\b(?:%s)\b' % words) for verb, words in VERBS.items()}
PRONOUN = re.compile(r'\b(?:he|she|they)\b')
WORD = re.compile(r'\w+')
Z_SHOWN = 4.0
FEWEST = 10            # rows seen less often than this, in both files together, are not compared
SHORT_STORY = 12       # statements; the whole shape of longer stories is not compared
STORIES_LEARNED = 5000  # of each side, to tell the sides apart

Line = collections.namedtuple('Line', 'text answer facts')  # a statement has the answer None; facts count from 0


class Sentence:
    """A statement or question, read once: its pattern, its kind of event, whom and what it names."""

    def __init__(self, text):
        self.text = text
        self.pattern = ENTITY.sub(self._blank, text)
        self.verb = next((verb for verb, words in VERB.items() if words.search(text)), None)
        self.event_text = VERB[self.verb].sub(self.verb, text, count=1) if self.verb else text
        self.event = ENTITY.sub(self._blank, self.event_text)
        self.names = [entity(found) for found in ENTITY.findall(text)]
        pronoun = PRONOUN.search(text)
        self.subject = pronoun.group() if pronoun else self.names[0] if self.names else ''
        self.last = self.names[-1] if self.names else ''
        self.words = set(WORD.findall(text.lower())) | set(self.names)

    @staticmethod
    def _blank(match):
        kind = CLASS_OF[match.group().lower()]
        return f'<{kind.capitalize() if match.group()[0].isupper() else kind}>'


read = functools.lru_cache(maxsize=None)(Sentence)


def entity(name):
    """One name for the forms of an entity: 'Mice' and 'mouse' are the same."""
    return SINGULAR.get(name.lower(), name.lower())


@functools.lru_cache(maxsize=200000)
def renumbered(*texts):
    """The texts with person1, person2, place1 ... for the entities, in the order in which they come."""
    numbers, counts = {}, collections.Counter()

    def number(match):
        name = entity(match.group())
        if name not in numbers:
            kind = CLASS_OF[name]
            counts[kind] += 1
            numbers[name] = f'{kind}{counts[kind]}'
        return numbers[name]
    return ' | '.join(ENTITY.sub(number, text) for text in texts)


def read_stories(path):
    """The stories of a file, each a list of Line."""
    stories = []
    for count, raw in enumerate(path.read_text(encoding='utf-8').splitlines(), 1):
        number, _, text = raw.partition(' ')
        fields = text.split('\t')
        if number == '1':
            stories.append([])
        story = stories[-1] if stories else []
        facts = [int(fact) - 1 if fact.isdigit() else -1 for fact in fields[-1].split()] if len(fields) == 3 else []
        if (len(fields) not in (1, 3) or number != str(len(story) + 1) or
                any(fact not in range(len(story)) or story[fact].answer is not None for fact in facts)):
            sys.exit(f'{path}:{count}: not a line of a bAbI story: {raw}')
        story.append(Line(fields[0], fields[1] if len(fields) == 3 else None, tuple(facts)))
    return stories


def load(folder, size, task):
    """Training and test stories of a task, and a note where the smaller training file was used instead."""
    note, found = '', {}
    for part in ('train', 'test'):
        for name in ('en-10k', 'en') if size == '10k' else ('en',):
            paths = list((folder / name).glob(f'qa{task}_*_{part}.txt'))
            if paths:
                break
        if not paths:
            sys.exit(f'{folder}: no {part} file of task {task}')
        if size == '10k' and name == 'en':
            note += f'There is no {part} file of size 10k: that of en/ was taken. '
        found[part] = read_stories(paths[0])
        if not any(line.answer is not None for story in found[part] for line in story):
            sys.exit(f'{paths[0]}: no question')
    return found['train'], found['test'], note


# What is counted. Each of these yields pairs (table, value): text for a share, numbers for shares and a mean, truth
# values for one share.

def describe(story, candidates):
    """All pairs of a story; candidates are the answers that a statement can name."""
    said, asked, place_of, index_of = [], [], {}, {}
    for number, line in enumerate(story):
        sentence = read(line.text)
        if line.answer is None:
            index_of[number] = len(said)
            yield from describe_statement(sentence, said, place_of)
            said.append(sentence)
        else:
            facts = [index_of[fact] for fact in line.facts]
            yield from describe_question(sentence, line.answer, facts, said, asked, candidates)
            asked.append((sentence, line.answer, len(said)))
    yield 'statements in the story', len(said)
    yield 'questions in the story', len(asked)
    mentions = collections.Counter(name for sentence in said for name in set(sentence.names))
    of_class = collections.defaultdict(list)
    for name, count in mentions.items():
        of_class[CLASS_OF[name]].append(count)
    for kind, counts in of_class.items():
        yield f'different {kind}s in the story', len(counts)
        if len(said) <= SHORT_STORY:
            yield f'mentions of the {kind}s', ' '.join(map(str, sorted(counts, reverse=True)))
    if len(said) <= SHORT_STORY:
        initials = [''.join(word[0] for word in WORD.findall(sentence.event)) for sentence in said]
        yield 'order of the events, initials', ' '.join(initials)
    if len(said) <= 3:
        yield 'whole story', renumbered(*(sentence.event_text for sentence in said))


def describe_statement(sentence, said, place_of):
    """Pairs of one statement; place_of, where everybody was last, is kept up to date."""
    yield 'sentence', sentence.text
    yield 'statement pattern', sentence.pattern
    yield 'event', sentence.event
    if sentence.verb:
        yield f'verb: {sentence.verb}', VERB[sentence.verb].search(sentence.text).group()
    if len(said) < 10:
        yield f'event of statement {len(said) + 1}', sentence.event
    for i, name in enumerate(sentence.names):
        yield f'name {i + 1} of "{sentence.event}"', name
    yield 'sentence said before in the story', any(sentence is earlier for earlier in said)
    if said:
        yield 'same subject as the statement before', sentence.subject == said[-1].subject
        yield 'events in a row', f'{said[-1].event} > {sentence.event}'
        yield 'statements in a row', renumbered(said[-1].event_text, sentence.event_text)
    age = since(said, lambda earlier: earlier.subject == sentence.subject)
    yield 'statements since the subject acted', age
    if age:
        yield 'statements of one subject', renumbered(said[-age].event_text, sentence.event_text)
    for i, name in enumerate(sentence.names):
        age = since(said, lambda earlier: name in earlier.names)
        yield f'since name {i + 1} of "{sentence.event}"', age
        if age and name != sentence.subject:
            yield f'statements of one {CLASS_OF[name]}', renumbered(said[-age].event_text, sentence.event_text)
    if CLASS_OF.get(sentence.last) == 'place':
        for name in sentence.names[:-1]:
            if name in place_of:
                yield 'the place where the subject was before', place_of[name] == sentence.last
            place_of[name] = sentence.last


def describe_question(question, answer, facts, said, asked, candidates):
    """Pairs of one question; facts are positions among the statements said."""
    yield 'question pattern', question.pattern
    yield 'answer', answer
    yield f'answer to "{question.pattern}"', answer
    yield 'elements of the answer', answer.count(',') + 1
    for i, name in enumerate(question.names):
        yield f'name {i + 1} of "{question.pattern}"', name
        yield f'since name {i + 1} of "{question.pattern}"', since(said, lambda earlier: name in earlier.names)
    gap = len(said) - (asked[-1][2] if asked else 0)
    yield 'statements before the question', len(said)
    yield 'statements between questions', gap
    if len(asked) < 8:
        yield f'statements before question {len(asked) + 1}', len(said)
        yield f'answer to question {len(asked) + 1}', answer
    yield 'event before the question', said[-1].event if said else ''
    yield 'supporting facts', len(facts)
    for i, fact in enumerate(facts[:8]):
        yield f'distance of fact {i + 1}', len(said) - 1 - fact
        yield f'place of fact {i + 1} in the story', fact + 1
        if ',' not in answer:
            yield f'distance of fact {i + 1}, answer {answer}', len(said) - 1 - fact
    if len(facts) > 1:
        yield 'distances of the facts', ' '.join(shown(len(said) - 1 - fact) for fact in facts[:3])
        yield 'order of the facts', ' '.join(str(sorted(facts).index(fact) + 1) for fact in facts)
    about = [statement for statement in reversed(said) if question.names and question.names[0] in statement.names][:2]
    yield 'last statements of the first name', renumbered(*(b.event_text for b in about[::-1]), question.text, answer)
    if len(facts) <= 4:
        yield 'facts and answer', renumbered(*(said[fact].event_text for fact in facts), question.text, answer)
    if asked:
        yield 'question asked before in the story', any(question is earlier for earlier, _, _ in asked)
        yield 'same question as the one before', question is asked[-1][0]
        yield 'same answer as the one before', answer == asked[-1][1]
        yield 'questions in a row', renumbered(asked[-1][0].text, asked[-1][1], question.text, answer)
    seen = []
    for statement in reversed(said):
        seen += [name for name in statement.names[::-1] if name in candidates and name not in seen]
    elements = answer.lower().split(',')
    if elements[0] in seen:
        yield 'the answer is the last candidate named', seen[0] == elements[0]
        yield 'rank of the answer among the last named', seen.index(elements[0]) + 1
    if len(elements) > 1 and set(elements) <= set(seen):
        ranks = [seen.index(element) for element in elements]
        yield 'order of a list, 1 = last named', ' '.join(str(sorted(ranks).index(rank) + 1) for rank in ranks)


def since(said, wanted):
    """How many statements ago the last wanted one was, 1 for the one before; 0 if there was none."""
    return next((age for age, earlier in enumerate(reversed(said), 1) if wanted(earlier)), 0)


# How it is compared.

class Row:
    """Totals of a row over the stories: y is a story's count (or sum), n the number of items of the table in it."""

    def __init__(self):
        self.y = self.yy = self.yn = 0

    def add(self, y, n):
        self.y += y
        self.yy += y * y
        self.yn += y * n


class Table:
    """A property in one set of stories."""

    def __init__(self):
        self.stories = self.n = self.nn = 0
        self.rows = collections.defaultdict(Row)
        self.numbers = collections.Counter()

    def add(self, values):
        """Adds what one story has of the property."""
        n = len(values)
        self.stories += 1
        self.n += n
        self.nn += n * n
        if not isinstance(values[0], str):
            self.rows['mean'].add(sum(values), n)
            self.numbers.update(values)
        if not isinstance(values[0], bool):
            for value, count in collections.Counter(map(shown, values)).items():
                self.rows[value].add(count, n)

    def residual(self, row, p):
        """Sum over the stories of (y - p n) squared."""
        row = self.rows.get(row, Row())
        return row.yy - 2 * p * row.yn + p * p * self.nn

    def share(self, row):
        return self.rows[row].y / self.n if row in self.rows and self.n else 0.0


def shown(value):
    """The row of a value: large numbers share one."""
    if isinstance(value, str) or value <= 10:
        return str(value)
    width = 5 if value < 30 else 20
    return f'{value // width * width}-{value // width * width + width - 1}'


def z_of(real, made, row):
    """z of the difference between the sides; positive: more of it in the generated."""
    p = (real.rows.get(row, Row()).y + made.rows.get(row, Row()).y) / (real.n + made.n)
    stories = real.stories + made.stories
    variance = (real.residual(row, p) + made.residual(row, p)) / max(1, stories - 1)
    error = math.sqrt(max(0.0, variance) * (real.stories / real.n ** 2 + made.stories / made.n ** 2))
    difference = made.share(row) - real.share(row)
    if error < 1e-12:
        return math.copysign(math.inf, difference) if abs(difference) > 1e-12 else 0.0
    return difference / error


def chi_square(real, made):
    """Normal deviate of a table's chi-square, its degrees of freedom."""
    total, effects, rows, rest = 0.0, 0.0, 0, [0, 0]
    smallest = min(real.n, made.n) / (real.n + made.n)
    for row in set(real.rows) | set(made.rows):
        counts = [table.rows[row].y if row in table.rows else 0 for table in (real, made)]
        if row == 'mean':
            continue
        if sum(counts) * smallest < 5:
            rest = [a + b for a, b in zip(rest, counts)]
            continue
        p = sum(counts) / (real.n + made.n)
        total += sum((count - n * p) ** 2 / (n * p) for count, n in zip(counts, (real.n, made.n)))
        effects += (real.residual(row, p) + made.residual(row, p)) / (p * (real.n + made.n))
        rows += 1
    if sum(rest):
        p = sum(rest) / (real.n + made.n)
        total += sum((count - n * p) ** 2 / (n * p) for count, n in zip(rest, (real.n, made.n)))
        effects += 1 - p
        rows += 1
    if rows < 2:
        return 0.0, 0
    df = rows - 1
    ratio = total / max(effects / df, 1e-9) / df
    return (ratio ** (1 / 3) - 1 + 2 / (9 * df)) / math.sqrt(2 / (9 * df)), df


def tabulate(described):
    """The tables of all stories, by name."""
    tables = collections.defaultdict(Table)
    for pairs in described:
        for name, values in pairs.items():
            tables[name].add(values)
    return tables


def grouped(story, candidates):
    """The pairs of a story as {table: values}."""
    pairs = collections.defaultdict(list)
    for name, value in describe(story, candidates):
        pairs[name].append(value)
    return dict(pairs)


def compare_tables(real, made, show_all):
    """Prints the rows that differ, and how many there were."""
    rows = beyond = squares = 0
    largest = (0.0, 'none')
    for name in sorted(set(real) | set(made)):
        if name not in real or name not in made:
            table = real.get(name) or made[name]
            if table.n >= FEWEST:
                print(f'  {name}: only in the {"official" if name in real else "generated"} stories, {table.n} times')
            continue
        a, b = real[name], made[name]
        lines = []
        for row in sorted(set(a.rows) | set(b.rows), key=lambda row: -a.share(row) - b.share(row)):
            counts = [table.rows[row].y if row in table.rows else 0 for table in (a, b)]
            if row != 'mean' and sum(counts) < FEWEST:
                continue
            z = z_of(a, b, row)
            rows += 1
            beyond += abs(z) > Z_SHOWN
            squares += z * z
            largest = max(largest, (abs(z), f'{name}: {row}'))
            if abs(z) > Z_SHOWN or show_all:
                percent = row != 'mean' or bool in map(type, a.numbers)
                cells = ''.join(f'{100 * table.share(row):10.2f} %' if percent else f'{table.share(row):12.3f}'
                                for table in (a, b))
                lines.append(f'    {counts[0]:8d} {counts[1]:8d} {cells}  z {z:+8.1f}  {row}')
        deviate, df = chi_square(a, b)
        if lines or deviate > Z_SHOWN or show_all:
            chi = f', chi-square with {df} degrees of freedom: z {deviate:+.1f}' if df else ''
            print('\n'.join([f'  {name} ({a.n} official, {b.n} generated){chi}'] + lines))
    print(f'  compared {rows} rows: {beyond} with |z| > {Z_SHOWN:g}, largest |z| {largest[0]:.1f} ({largest[1]}), mean z^2 '
          f'{squares / max(1, rows):.2f} (1 is chance)')


def compare_sets(what, real, made):
    """Prints what only one side has."""
    for side, only, other in (('official', real, made), ('generated', made, real)):
        missing = sorted(set(only) - set(other))
        if missing:
            print(f'  {what} only in the {side} stories: ' + ', '.join(f'{m!r} ({only[m]} times)' for m in missing))


def distinct(stories):
    """How many different stories, and how many different questions with their story so far."""
    texts = [tuple(line.text for line in story) for story in stories]
    asked = [hash(text[:i + 1]) for story, text in zip(stories, texts)
             for i, line in enumerate(story) if line.answer is not None]
    return f'{len(set(texts))} of {len(texts)} stories and {len(set(asked))} of {len(asked)} questions'


# Learners.

def question_features(stories):
    """(words, answer) of each question: its own words, those of the last statements and of those about its names."""
    for story in stories:
        said = []
        for line in story:
            sentence = read(line.text)
            if line.answer is None:
                said.append(sentence)
                continue
            words = [('asked', word) for word in sentence.words]
            words += [(age, word) for age, earlier in enumerate(said[:-4:-1]) for word in earlier.words]
            for name in sentence.names:
                about = [earlier for earlier in reversed(said) if name in earlier.words][:2]
                words += [('about', age, word) for age, earlier in enumerate(about) for word in earlier.words]
            yield words, line.answer


def naive_bayes(train, test):
    """Accuracy on test of a multinomial naive Bayes learned from train."""
    answers, counts, totals = collections.Counter(), collections.defaultdict(collections.Counter), collections.Counter()
    for words, answer in question_features(train):
        answers[answer] += 1
        counts[answer].update(words)
        totals[answer] += len(words)
    size = len({word for counter in counts.values() for word in counter})
    right = asked = 0
    for words, answer in question_features(test):
        best = max(answers, key=lambda a: math.log(answers[a]) + sum(
            math.log((counts[a][word] + 0.5) / (totals[a] + 0.5 * size)) for word in words))
        right += best == answer
        asked += 1
    return right / asked


def told_apart(real, made, rng):
    """Logistic regression on the values of a story: held-out accuracy, its error, the most informative features."""
    count = min(len(real), len(made), STORIES_LEARNED)
    examples = [(pairs, side) for side, described in enumerate((real, made))
                for pairs in rng.sample(described, count)]
    rng.shuffle(examples)
    used = collections.Counter()
    for i, (pairs, side) in enumerate(examples):
        bag = collections.Counter((name, shown(value)) for name, values in pairs.items() if name != 'sentence'
                                  for value in values)
        examples[i] = ({feature: math.log1p(n) for feature, n in bag.items()}, side)
        used.update(bag.keys())
    held = len(examples) * 3 // 10
    weight, pace = collections.defaultdict(float), collections.defaultdict(lambda: 1.0)
    train = [({f: x for f, x in bag.items() if FEWEST <= used[f]}, side) for bag, side in examples[held:]]

    def score(bag):
        return sum(weight[feature] * x for feature, x in bag.items() if feature in weight)

    for _ in range(4):
        rng.shuffle(train)
        for bag, side in train:
            error = side - 1 / (1 + math.exp(-max(-30.0, min(30.0, score(bag)))))
            for feature, x in bag.items():
                slope = error * x - 1e-4 * weight[feature]
                pace[feature] += slope * slope
                weight[feature] += 0.1 * slope / math.sqrt(pace[feature])
    accuracy = sum((score(bag) > 0) == bool(side) for bag, side in examples[:held]) / max(1, held)
    spread = {f: math.sqrt(used[f] / len(examples) * (1 - used[f] / len(examples))) for f in weight}
    telling = []
    for feature in sorted(weight, key=lambda f: -abs(weight[f]) * spread[f])[:8]:
        shares = [sum(side == which and feature in bag for bag, side in examples) / count for which in (0, 1)]
        telling.append((feature, shares))
    return accuracy, 0.5 / math.sqrt(max(1, held)), telling


def compare_learners(real, made, described, rng):
    """Prints the majority answer and the results of the learners."""
    for side, (train, test, _) in (('official', real), ('generated', made)):
        answers = collections.Counter(line.answer for story in train + test for line in story if line.answer is not None)
        answer, count = answers.most_common(1)[0]
        print(f'  {side}: {distinct(train + test)} are different; most frequent answer {answer!r}, '
              f'{100 * count / sum(answers.values()):.1f} %')
    size = min(len(real[0]), len(made[0]))
    own, other, back = (100 * naive_bayes(train[0][:size], test[1])
                        for train, test in ((real, real), (made, real), (real, made)))
    print(f'  naive Bayes: official to official {own:.1f} %, generated to official {other:.1f} %, '
          f'official to generated {back:.1f} %')
    accuracy, error, telling = told_apart(*described, rng)
    print(f'  told apart: {100 * accuracy:.1f} % of the stories not learned from (50 % is chance, error {100 * error:.1f}); '
          'share of official and generated stories with the most informative values:')
    for (name, value), shares in telling:
        print(f'    {100 * shares[0]:6.1f} % {100 * shares[1]:6.1f} %  {name}: {value}')


def words_of(stories):
    return collections.Counter(word for story in stories for line in story
                               for word in WORD.findall(f'{line.text} {line.answer or ""}'.lower()))


def report(task, real, made, args):
    """Prints the comparison of one task."""
    stories = [real[0] + real[1], made[0] + made[1]]
    print(f'Task {task}: {len(stories[0])} official and {len(stories[1])} generated stories. '
          + ''.join(f'{side}: {note}' for side, note in (('Official', real[2]), ('Generated', made[2])) if note))
    candidates = {answer.lower() for story in stories[0] for line in story if line.answer is not None
                  for answer in line.answer.split(',')} & set(CLASS_OF)
    described = [[grouped(story, candidates) for story in side] for side in stories]
    tables = [tabulate(side) for side in described]
    compare_sets('words', *(words_of(side) for side in stories))
    for name in ('statement pattern', 'question pattern'):
        compare_sets(name, *({row: total.y for row, total in side[name].rows.items()} for side in tables))
    compare_tables(*tables, args.all)
    if not args.no_learning:
        compare_learners(real, made, described, random.Random(task))
    print(flush=True)


# The table for the documentation.

def quantiles(table):
    """'mean (5 %, 50 %, 95 %)' of a table of numbers."""
    values = sorted(table.numbers.elements())
    cuts = ', '.join(str(values[int(q * (len(values) - 1))]) for q in (0.05, 0.5, 0.95))
    return f'{sum(values) / len(values):.2f} ({cuts})'


def shares(tables, name, rows):
    return ', '.join(f'{row} {100 * tables[name].share(row):.1f}' for row in rows)


def markdown(task, real, made):
    """Prints one table: a line for each property, official beside generated."""
    sides = [tabulate(grouped(story, ()) for story in side[0] + side[1]) for side in (real, made)]
    print(f'### Task {task}\n' + (f'\nOfficial: {real[2]}\n' if real[2] else ''))
    print('| | official | generated |\n|---|---|---|')
    print('| stories | ' + ' | '.join(str(side['statements in the story'].n) for side in sides) + ' |')
    for name in ['statements in the story', 'questions in the story', 'statements before the question'] + [
            f'distance of fact {i}' for i in (1, 2, 3)]:
        if all(side[name].n for side in sides):
            print(f'| {name}: mean (5 %, 50 %, 95 %) | ' + ' | '.join(quantiles(side[name]) for side in sides) + ' |')
    for name in [f'verb: {verb}' for verb in VERBS] + ['answer']:
        rows = sorted(sides[0][name].rows, key=lambda row: (-sides[0][name].rows[row].y, row))[:6]
        if rows:
            print(f'| {name}, % | ' + ' | '.join(shares(side, name, rows) for side in sides) + ' |')
    print(flush=True)


def task_list(text):
    """'1-3,15' as numbers."""
    tasks = []
    for part in text.split(','):
        first, _, last = part.partition('-')
        if not first.isdigit() or (last and not last.isdigit()):
            raise argparse.ArgumentTypeError(f'not a list of tasks: {text}')
        tasks += range(int(first), int(last or first) + 1)
    return tasks


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('official', type=pathlib.Path, metavar='OFFICIAL')
    parser.add_argument('generated', type=pathlib.Path, metavar='GENERATED')
    parser.add_argument('--tasks', type=task_list, default='1-20', help='such as 1-3,15 (default %(default)s)')
    parser.add_argument('--size', choices=('1k', '10k'), default='10k', help='training questions (default %(default)s)')
    parser.add_argument('--all', action='store_true', help='every row, not only those that differ')
    parser.add_argument('--no-learning', action='store_true', help='tables only, several times faster')
    parser.add_argument('--markdown', action='store_true', help='a short table per task instead of the report')
    args = parser.parse_args()
    if hasattr(signal, 'SIGPIPE'):
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    for task in args.tasks:
        sides = [load(folder, args.size, task) for folder in (args.official, args.generated)]
        if args.markdown:
            markdown(task, *sides)
        else:
            report(task, *sides, args)


if __name__ == '__main__':
    main()
