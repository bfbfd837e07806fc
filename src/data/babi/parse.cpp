#include "hmem/data/babi/parse.h"

#include <algorithm>
#include <charconv>
#include <deque>
#include <optional>
#include <unordered_map>

#include "hmem/core/check.h"
#include "hmem/core/files.h"
#include "hmem/core/text.h"

namespace hmem {

namespace {

constexpr int64_t kMaxLineBytes = int64_t{1} << 20;
constexpr int64_t kMaxFileBytes = int64_t{1} << 30;
constexpr int64_t kMaxId = 1000000;
constexpr size_t kExcerpt = 40;  // bytes of a line in a message

bool is_word_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || static_cast<unsigned char>(c) >= 0x80;
}

bool is_blank(char c) { return c == ' ' || c == '\t'; }

std::string_view trim(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

/// `text` already lower-cased; the final `.` or `?` is still there.
BabiWords tokenize(std::string_view text) {
  BabiWords tokens;
  for (size_t begin = 0, end = 0; begin < text.size(); begin = end) {
    const bool word = is_word_char(text[begin]);
    while (end < text.size() && is_word_char(text[end]) == word) ++end;
    const std::string_view token = trim(text.substr(begin, end - begin));
    if (!token.empty()) tokens.emplace_back(token);
  }
  return tokens;
}

bool ends_with(const BabiWords& tokens, std::string_view mark) { return !tokens.empty() && tokens.back() == mark; }

void drop_final_mark(BabiWords& tokens) {
  if (ends_with(tokens, ".") || ends_with(tokens, "?")) tokens.pop_back();
}

/// Lines of a stream without their ends, as views that hold until the next one: files are read in pieces and copied
/// once.
class LineReader {
 public:
  explicit LineReader(std::istream& in) : bytes_(*in.rdbuf()) {}

  /// Next line, with the `\r` of a CRLF; nothing at the end of the input. A line above `limit` bytes may be cut, but
  /// not below `limit` + 1.
  std::optional<std::string_view> next(size_t limit) {
    size_t searched = begin_;
    for (;;) {
      const size_t end = buffer_.find('\n', searched);
      if (end != std::string::npos) return take(end - begin_, 1);
      if (buffer_.size() - begin_ > limit) return take(buffer_.size() - begin_, 0);
      searched = buffer_.size() - begin_;
      if (read_piece()) continue;
      if (buffer_.empty()) return {};
      return take(buffer_.size(), 0);
    }
  }

 private:
  std::string_view take(size_t length, size_t mark) {
    const std::string_view line(buffer_.data() + begin_, length);
    begin_ += length + mark;
    return line;
  }

  /// Moves what is left to the front and appends; false at the end of the input.
  bool read_piece() {
    constexpr size_t kPiece = size_t{1} << 16;
    buffer_.erase(0, begin_);
    begin_ = 0;
    const size_t held = buffer_.size();
    buffer_.resize(held + kPiece);
    const std::streamsize found = bytes_.sgetn(&buffer_[held], static_cast<std::streamsize>(kPiece));
    buffer_.resize(held + static_cast<size_t>(std::max<std::streamsize>(found, 0)));
    return found > 0;
  }

  std::streambuf& bytes_;
  std::string buffer_;
  size_t begin_ = 0;
};

/// Maps raw text to phrase numbers, so that a repeated phrase is not split again.
class SeenPhrases {
 public:
  std::optional<int32_t> find(std::string_view text) const {
    const auto entry = phrase_of_.find(text);
    return entry == phrase_of_.end() ? std::nullopt : std::optional<int32_t>(entry->second);
  }
  void add(std::string_view text, int32_t phrase) { phrase_of_.emplace(texts_.emplace_back(text), phrase); }

 private:
  std::deque<std::string> texts_;
  std::unordered_map<std::string_view, int32_t> phrase_of_;
};

class Parser {
 public:
  Parser(std::istream& in, const std::string& source) : lines_(in) { stories_.source = source; }

  BabiStories run() {
    while (const std::optional<std::string_view> line = next_line()) {
      check_text(*line);
      const std::string_view text = trim(*line);
      if (!text.empty()) parse_line(text);
    }
    HMEM_CHECK(line_ > 0, stories_.source, ": the file is empty, expected bAbI stories");
    HMEM_CHECK(!stories_.questions.empty(), stories_.source, ": found no question in ", line_,
               " lines, expected 'ID QUESTION<tab>ANSWER' (are the tabs still tabs?)");
    drop_unasked();
    return std::move(stories_);
  }

 private:
  template <typename... Parts>
  [[noreturn]] void fail_here(const Parts&... parts) const {
    fail(stories_.source, ":", line_, ": ", parts...);
  }

  /// Next line without its end; nothing at the end of the input.
  std::optional<std::string_view> next_line() {
    std::optional<std::string_view> line = lines_.next(static_cast<size_t>(kMaxLineBytes));
    if (!line) return {};
    ++line_;
    const auto size = static_cast<int64_t>(line->size());
    if (size > kMaxLineBytes)
      fail_here("found a line above ", kMaxLineBytes, " bytes, expected a sentence of a bAbI story");
    bytes_ += size + 1;
    if (bytes_ > kMaxFileBytes) fail_here("found more than ", kMaxFileBytes, " bytes, expected less");
    if (!line->empty() && line->back() == '\r') line->remove_suffix(1);
    if (line_ == 1 && line->substr(0, 3) == "\xEF\xBB\xBF") line->remove_prefix(3);
    return line;
  }

  void check_text(std::string_view line) const {
    const auto is_control = [](char c) {
      const auto byte = static_cast<unsigned char>(c);
      return (byte < 0x20 && byte != '\t') || byte == 0x7F;
    };
    const auto clean = static_cast<size_t>(std::find_if(line.begin(), line.end(), is_control) - line.begin());
    if (clean == line.size()) return;
    fail_here("found the control character ", static_cast<int>(line[clean]), " at byte ", clean + 1,
              " of the line, expected text: this is not a bAbI file");
  }

  void parse_line(std::string_view text) {
    text = take_id(text);
    if (std::any_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) >= 0x80; })) {
      ascii_marks_ = with_ascii_marks(text);
      text = ascii_marks_;
    }
    if (text.find('\t') == std::string_view::npos) {
      parse_statement(text);
    } else {
      parse_question(text);
    }
  }

  /// Reads the id, starts a new story at 1, returns what follows.
  std::string_view take_id(std::string_view text) {
    int64_t id = 0;
    const char* end = text.data() + text.size();
    const auto [rest, status] = std::from_chars(text.data(), end, id);
    if (rest == text.data() || text[0] == '-' || (rest != end && !is_blank(*rest))) {
      fail_here("found ", quote(text, kExcerpt), ", expected a line number, a blank and a sentence");
    }
    if (status == std::errc::result_out_of_range || id < 1 || id > kMaxId) {
      fail_here("found the line number ", quote(text.substr(0, static_cast<size_t>(rest - text.data())), kExcerpt),
                ", expected 1 to ", kMaxId);
    }
    if (id == 1) {
      drop_unasked();
      story_begin_ = static_cast<int64_t>(stories_.statements.size());
      statement_ids_.clear();
    } else if (id <= last_id_) {
      fail_here("found the line number ", id, " after ", last_id_, ", expected a larger one, or 1 for a new story");
    } else if (last_id_ == 0) {
      fail_here("found the line number ", id, " first, expected 1: the beginning of the story is missing");
    }
    last_id_ = id;
    return text.substr(static_cast<size_t>(rest - text.data()));
  }

  void parse_statement(std::string_view text) {
    std::optional<int32_t> phrase = seen_statements_.find(text);
    if (!phrase) {
      phrase = statement_phrase(text);
      seen_statements_.add(text, *phrase);
    }
    stories_.statements.push_back(*phrase);
    statement_ids_.push_back(last_id_);
  }

  int32_t statement_phrase(std::string_view text) {
    const std::string_view sentence = trim(text);
    if (sentence.find('?') != std::string_view::npos) {
      fail_here("found the question ", quote(sentence, kExcerpt),
                sentence.back() == '?' ? " without an answer" : " without a tab", ", expected 'QUESTION<tab>ANSWER'",
                sentence.back() == '?' ? "" : " (are the tabs still tabs?)");
    }
    const bool full_stop = !sentence.empty() && sentence.back() == '.';
    if (!full_stop && full_stops_ && !sentence.empty() && sentence.back() >= '0' && sentence.back() <= '9') {
      fail_here("found ", quote(sentence, kExcerpt), ", which ends in a number where other sentences end in '.'",
                ", expected a sentence, or 'QUESTION<tab>ANSWER<tab>SUPPORTING IDS' (are the tabs still tabs?)");
    }
    full_stops_ = full_stops_ || full_stop;
    BabiWords words = tokenize(lower_ascii(text));
    drop_final_mark(words);
    if (words.empty()) fail_here("found a line number without a sentence, expected words");
    return phrase_of(std::move(words));
  }

  void parse_question(std::string_view text) {
    const size_t first = text.find('\t');
    const size_t second = text.find('\t', first + 1);
    if (second != std::string_view::npos && text.find('\t', second + 1) != std::string_view::npos) {
      fail_here("found more than 3 fields between tabs, expected 'QUESTION<tab>ANSWER<tab>SUPPORTING IDS'");
    }
    const std::string_view question = text.substr(0, first);
    std::optional<int32_t> phrase = seen_questions_.find(question);
    if (!phrase) {
      phrase = question_phrase(question);
      seen_questions_.add(question, *phrase);
    }
    std::string answer = lower_ascii(trim(text.substr(first + 1, second - first - 1)));
    if (answer.empty()) {
      fail_here("found the question ", quote(trim(question), kExcerpt),
                " with an empty answer, expected 'QUESTION<tab>ANSWER'");
    }
    if (trim(question).back() != '?' && answer.find(' ') != std::string::npos) {
      fail_here("found ", quote(trim(question), kExcerpt), " with the reply ", quote(answer, kExcerpt),
                ", expected a question that ends in '?' or an answer of one word: dialogues are not supported");
    }
    std::vector<int32_t> facts;
    if (second != std::string_view::npos) facts = supporting_facts(trim(text.substr(second + 1)));
    const auto end_of_story = static_cast<int64_t>(stories_.statements.size());
    stories_.questions.push_back({*phrase, std::move(answer), story_begin_, end_of_story, std::move(facts)});
  }

  /// The statements that the ids name; an id of another question's line is none.
  std::vector<int32_t> supporting_facts(std::string_view ids) const {
    std::vector<int32_t> facts;
    for (size_t begin = 0; begin < ids.size();) {
      const size_t end = std::min(ids.find_first_of(" \t", begin), ids.size());
      const std::optional<int64_t> id = parse_number<int64_t>(ids.substr(begin, end - begin));
      if (!id || *id < 1 || *id >= last_id_) {
        fail_here("found ", quote(ids, kExcerpt), " after the answer, expected the line numbers of supporting facts, ",
                  "each below ", last_id_);
      }
      const auto found = std::lower_bound(statement_ids_.begin(), statement_ids_.end(), *id);
      if (found != statement_ids_.end() && *found == *id) {
        facts.push_back(static_cast<int32_t>(found - statement_ids_.begin()));
      }
      begin = std::min(ids.find_first_not_of(" \t", end), ids.size());
    }
    return facts;
  }

  int32_t question_phrase(std::string_view text) {
    BabiWords words = babi_words(text);
    if (words.empty()) fail_here("found a question without words, expected 'QUESTION<tab>ANSWER'");
    return phrase_of(std::move(words));
  }

  int32_t phrase_of(BabiWords&& words) {
    std::string key;
    for (const std::string& word : words) key.append(word).push_back('\n');
    const auto [entry, is_new] =
        phrase_of_words_.try_emplace(std::move(key), static_cast<int32_t>(stories_.phrases.size()));
    if (is_new) stories_.phrases.push_back(std::move(words));
    return entry->second;
  }

  /// Drops the statements of the current story after its last question.
  void drop_unasked() {
    const int64_t asked = stories_.questions.empty() ? 0 : stories_.questions.back().end;
    stories_.statements.resize(static_cast<size_t>(asked));
  }

  LineReader lines_;
  BabiStories stories_;
  SeenPhrases seen_statements_, seen_questions_;
  std::unordered_map<std::string, int32_t> phrase_of_words_;
  std::string ascii_marks_;  // the line that is parsed, if it needed them
  int64_t line_ = 0;
  int64_t bytes_ = 0;
  int64_t last_id_ = 0;
  bool full_stops_ = false;  // some statement ends in '.'
  int64_t story_begin_ = 0;
  std::vector<int64_t> statement_ids_;  // of the current story, ascending
};

}  // namespace

void append_stories(BabiStories& stories, const BabiStories& more) {
  const auto phrases = static_cast<int32_t>(stories.phrases.size());
  const auto statements = static_cast<int64_t>(stories.statements.size());
  stories.phrases.insert(stories.phrases.end(), more.phrases.begin(), more.phrases.end());
  stories.statements.reserve(stories.statements.size() + more.statements.size());
  for (const int32_t phrase : more.statements) stories.statements.push_back(phrases + phrase);
  stories.questions.reserve(stories.questions.size() + more.questions.size());
  for (const BabiStories::Question& question : more.questions) {
    stories.questions.push_back({phrases + question.phrase, question.answer, statements + question.begin,
                                 statements + question.end, question.facts});
  }
}

std::string with_ascii_marks(std::string_view text) {
  constexpr std::pair<std::string_view, char> kMarks[] = {
      {"\u0964", '.'}, {"\u3002", '.'}, {"\uff1f", '?'}, {"\u061f", '?'}, {"\u00a0", ' '}};
  std::string plain(text);
  for (const auto& [mark, ascii] : kMarks) {
    for (size_t at = 0; (at = plain.find(mark, at)) != std::string::npos; ++at) {
      plain.replace(at, mark.size(), 1, ascii);
    }
  }
  return plain;
}

std::string lower_ascii(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

BabiWords babi_words(std::string_view text) {
  BabiWords words = tokenize(lower_ascii(text));
  drop_final_mark(words);
  return words;
}

BabiStories parse_babi(std::istream& in, const std::string& source) { return Parser(in, source).run(); }

BabiStories read_babi_file(const std::string& path) {
  std::ifstream in = open_file(path);
  in.seekg(0, std::ios::end);
  const auto size = static_cast<int64_t>(in.tellg());
  HMEM_CHECK(size <= kMaxFileBytes, path, ": found ", size, " bytes, expected at most ", kMaxFileBytes);
  in.seekg(0);
  return parse_babi(in, path);
}

}  // namespace hmem
