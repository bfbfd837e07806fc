// The page of one explained question.

#include <algorithm>
#include <cmath>
#include <numeric>

#include "hmem/core/html.h"
#include "hmem/core/text.h"
#include "hmem/sweep/report.h"
#include "study/explain_pictures.h"
#include "study/explain_rows.h"
#include "study/page_frame.h"

namespace hmem {

namespace {

using namespace detail;

constexpr int64_t kRows = 12;        // of the first table
constexpr size_t kShownBytes = 300;  // of a sentence
constexpr size_t kListed = 12;       // pairs

/// A probability as HTML: only certainty is 100 %.
std::string probable(double p) {
  return p >= 0.9995 && p < 1 ? "&gt; 99.9 %" : p > 0 && p < 0.0005 ? "&lt; 0.1 %" : percent(p);
}

std::string told(const std::string& text) { return "<bdi>" + html_text(shortened(text, kShownBytes)) + "</bdi>"; }

/// Where the formulas of a block are, and which functions compute them.
std::string source(const std::string& where, const std::string& functions) {
  return "<p class=\"quiet\">Formulas: <code>docs/equations.md</code>, " + where + ". In the sources: " + functions +
         ".</p>\n";
}

class Page {
 public:
  Page(const PlainQa& model, const BabiTask& task, const Explanation& one, JsonWeights weights)
      : model_(model),
        task_(task),
        one_(one),
        steps_(one.trace.sentences()),
        json_(explain_json(model, task, one, weights)),
        what_if_(json_.find("\"output\":null") == std::string::npos) {
    for (int64_t t = 0; t < steps_; ++t) numbers_.push_back(number_of(one, t));
    columns_ = columns_of(one);
    std::reverse(columns_.begin() + 1, std::find_if(columns_.begin() + 1, columns_.end(), is_trained));  // hop 2 first
    const bool has_origin = !one.at.origin.empty();
    columns_.insert(columns_.end() - has_origin, Column{"total", "total", one.at.total.data(), ""});
  }

  std::string html() const {
    const std::string title =
        shortened(sentence(one_.asked.question), 80) + "? " + shortened(word(task_, one_.at.answer), 80);
    return study_page(title,
                      question() + terms() + hops() + memory() + forgetting() + keys() +
                          (one_.at.origin.empty() ? "" : origins()) + meaning() + json(),
                      true);
  }

 private:
  /// Without read-before-write a section less.
  std::string number(int of_section) const { return std::to_string(of_section - one_.at.origin.empty()) + ". "; }

  std::string row_name(size_t t) const { return numbers_[t] + (one_.is_fact(static_cast<int64_t>(t)) ? " *" : ""); }

  std::string question() const {
    const auto answer = static_cast<size_t>(one_.at.answer);
    std::string text = "<h1>Why this answer? " + told(sentence(one_.asked.question)) + "?</h1>\n";
    const size_t hops = one_.trace.hops.size();
    const auto count = [](size_t n, const std::string& what) {
      return std::to_string(n) + " " + what + (n == 1 ? "" : "s");
    };
    text += html_paragraph("An H-Mem model (Hebbian memory network) read " + count(numbers_.size(), "sentence") +
                           ", wrote each into one matrix, and answered a question in " + count(hops, "read") +
                           " (hops). This page splits its answer into what each sentence contributed. "
                           "<code>docs/course/4_hops.md</code> teaches the method on a smaller model.");
    std::string verdict;
    if (!one_.asked.true_answer.empty()) {
      verdict = one_.right ? " (correct)" : " (wrong, expected " + told(one_.asked.true_answer) + ")";
    }
    text += "<p class=\"big\">Answer: <strong id=\"answer\" aria-live=\"polite\">" + told(word(task_, one_.at.answer)) +
            " " + probable(one_.probability[answer]) + "</strong><span id=\"verdict\">" + verdict + "</span></p>\n";
    text += "<p id=\"margin\">margin " + fixed(one_.at.margin) + " of " + told(word(task_, one_.at.answer)) + " over " +
            told(word(task_, one_.at.other)) + "</p>\n";
    text += html_paragraph(
        "The margin is the score of the answer less that of the other word, the second best or, where the answer is "
        "wrong, the true one. Above 0 the answer wins. It stays the margin of these two words, whatever you change "
        "below.");
    text += "<p><span class=\"trained\">" + html_text(residual_line(one_)) +
            "</span><br><span id=\"recomputed\" class=\"quiet\"></span></p>\n";
    text += "<p id=\"changed\" class=\"quiet\" aria-live=\"polite\"></p>\n";
    std::string list = "<ol class=\"story\" start=\"" + std::to_string(1 + one_.forgotten) + "\">\n";
    for (size_t t = 0; t < numbers_.size(); ++t) {
      const bool fact = one_.is_fact(static_cast<int64_t>(t));
      list += std::string("<li") + (fact ? " class=\"fact\">" : ">") + told(sentence(one_.asked.sentences[t])) +
              (fact ? " * supporting fact" : "") + "</li>\n";
    }
    list += "</ol>\n";
    if (one_.forgotten > 0) {
      list = html_paragraph(std::to_string(one_.forgotten) +
                            " sentences before these are not read: the model was trained on shorter stories.") +
             list;
    }
    std::string logits =
        "<table id=\"logits\"><caption>Scores and probabilities of the most probable answers</caption>\n<thead><tr><th "
        "scope=\"col\">answer</th>"
        "<th scope=\"col\">score</th><th scope=\"col\">probability</th></tr></thead>\n<tbody>\n";
    double largest = 1e-9;
    const std::vector<int32_t> classes = top_classes(one_);
    for (const int32_t id : classes) largest = std::max(largest, std::abs(one_.trace.logits[static_cast<size_t>(id)]));
    for (const int32_t id : classes) {
      const auto i = static_cast<size_t>(id);
      logits += "<tr data-id=\"" + std::to_string(id) + "\"><th scope=\"row\">" + told(word(task_, id)) + "</th>" +
                bar(one_.trace.logits[i], largest) + "<td class=\"p\">" + probable(one_.probability[i]) +
                "</td></tr>\n";
    }
    logits += "</tbody></table>\n";
    if (std::any_of(classes.begin(), classes.end(), [&](int32_t id) { return id > task_.vocabulary.words(); })) {
      logits += html_paragraph(
          "<small>&lt;age n&gt; is the word for how many sentences ago something was said. It is in the "
          "vocabulary, so the output layer has a score for it, but it is never an answer.</small>");
    }
    text += html_paragraph(
        "Two questions that this page does not answer: <code>docs/course/5_read_before_write.md</code> says why the "
        "plain model fails task 16, <code>docs/course/6_delay.md</code> what is left of the first pair of a picture "
        "and a digit after 40 frames of noise.");
    return text +
           page_section("story", "1. The story",
                        list + html_wide("logits", logits) + controls() +
                            source("section 7", "<code>read_and_answer</code> in <code>src/study/trace.cpp</code>"));
  }

  /// Sliders, for the script.
  std::string controls() const {
    const auto slider = [](const std::string& id, const std::string& label) {
      return "<label>" + label + " = <b></b><input type=\"range\" id=\"" + id + "\" min=\"0\"></label>\n";
    };
    const std::string keys =
        "<p class=\"script\" hidden>Keys: Tab goes to the next control, arrows, Home and End move a slider or scroll a "
        "wide table, Space ticks a sentence, Enter presses a button or opens a folded part, Escape stops Play.</p>\n";
    const std::string without =
        what_if_ ? ""
                 : html_paragraph(
                       "This page leaves out the weights of the model, which would take most of the space, so "
                       "rates, hops and sentences cannot be changed here. <code>babi_explain --json_model</code> "
                       "writes a larger page in which they can.");
    return without + keys + (what_if_ ? "<div class=\"script\" hidden>" : "<div hidden>") + "<h3>What if?</h3>\n" +
           html_paragraph(
               "The weights stay; rates and hops change, and everything below is computed again in this page. "
               "Untick a sentence in the table of section 2 to leave out its write. The answer above and sections 2 to "
               "4 change. Fewer hops here are hops of a model that was trained with " +
               std::to_string(one_.trace.hops.size()) +
               ". A model trained with one hop (<code>--hops=1</code>) is another one, see exercise 3 of "
               "<code>docs/course/4_hops.md</code>.") +
           "<div class=\"controls\">" + slider("plus", "growth g<sub>+</sub>") +
           slider("minus", "decay g<sub>-</sub>") + slider("max", "value it saturates at, w<sub>max</sub>") +
           "<label>hops = <b></b><input type=\"range\" id=\"hop_count\" min=\"1\" step=\"1\"></label>\n" +
           "</div>\n<button id=\"back\" type=\"button\">Back to the trained model</button></div>\n";
  }

  /// `trained`: the script does not compute it again.
  static std::string bar(double value, double largest, bool trained = false, bool top = false,
                         const std::string& attributes = "") {
    return std::string("<td class=\"") + (trained ? "trained " : "") + "bar" + (value < 0 ? " neg" : "") +
           (top ? " top" : "") + "\"" + attributes +
           " style=\"--v:" + fixed(largest > 0 ? std::min(1.0, std::abs(value) / largest) : 0, 2) + "\">" +
           fixed(value) + "</td>";
  }

  static bool is_trained(const Column& column) { return column.id == "origin"; }

  std::string terms_table(const std::vector<int64_t>& rows, const std::string& id) const {
    double largest = 1e-9;
    for (const Column& column : columns_) {
      for (int64_t t = 0; t < steps_; ++t) largest = std::max(largest, std::abs(column.values[t]));
    }
    Vector lost;
    for (const Outcome& outcome : one_.left_out) lost.push_back(one_.at.margin - outcome.margin);
    for (const double value : lost) largest = std::max(largest, std::abs(value));
    std::string text = "<table class=\"terms\"" +
                       (id.empty() ? "" : " id=\"" + id + "\" data-scale=\"" + format_real(largest, 6) + "\"") +
                       "><caption>Parts of the margin: bars to the right speak for the answer, bars to the left "
                       "against it, all on one scale. "
                       "Framed: largest of its column. "
                       "*: supporting fact of the file.</caption>\n<thead><tr><th scope=\"col\">No.</th><th "
                       "scope=\"col\" class=\"s\">sentence</th>";
    for (const Column& column : columns_) text += "<th scope=\"col\">" + column.title + "</th>";
    text +=
        "<th scope=\"col\">margin lost when left out</th><th scope=\"col\">answer when left "
        "out</th></tr></thead>\n<tbody>\n";
    for (const int64_t t : rows) {
      const auto i = static_cast<size_t>(t);
      const std::string remark = remarks(task_, one_, t);
      text +=
          "<tr data-t=\"" + std::to_string(t) + "\"" + (one_.is_fact(t) ? " class=\"fact\"" : "") +
          "><th scope=\"row\">" + row_name(i) + "</th><td class=\"s\">" + told(sentence(one_.asked.sentences[i])) +
          (remark.empty() ? ""
                          : "<br><small class=\"trained\">" + html_text(shortened(remark, kShownBytes)) + "</small>") +
          "</td>";
      for (const Column& column : columns_) {
        const std::string attributes = is_trained(column) ? "" : " data-c=\"" + column.id + "\"";
        text += bar(column.values[t], largest, is_trained(column), largest_of(column.values, steps_) == t, attributes);
      }
      const Outcome& without = one_.left_out[i];
      text += bar(lost[i], largest, true, largest_of(lost.data(), steps_) == t) + "<td class=\"trained\">" +
              told(word(task_, without.answer)) + " " + probable(without.probability) + "</td></tr>\n";
    }
    text += "</tbody>\n<tfoot>\n";
    const auto foot = [&](const std::string& name, const std::string& kind, const auto& cell_of) {
      text += "<tr><th></th><th scope=\"row\" class=\"s\">" + name + "</th>";
      for (const Column& column : columns_) {
        text += "<td" +
                (is_trained(column) ? " class=\"trained\"" : " data-t=\"" + kind + "\" data-c=\"" + column.id + "\"") +
                ">" + cell_of(column) + "</td>";
      }
      text += "<td></td><td></td></tr>\n";
    };
    if (static_cast<int64_t>(rows.size()) < steps_) {
      foot(std::to_string(steps_ - static_cast<int64_t>(rows.size())) + " other sentences", "others",
           [&](const Column& column) {
             double rest = std::accumulate(column.values, column.values + steps_, 0.0);
             for (const int64_t t : rows) rest -= column.values[t];
             return fixed(rest);
           });
    }
    foot("the question itself", "rest", [](const Column& column) { return column.of_question; });
    foot("sum: the margin", "sum",
         [&](const Column& column) { return column.id == "total" ? std::string() : fixed(one_.at.margin); });
    return text + "</tfoot></table>\n";
  }

  std::string terms() const {
    const bool steered = one_.at.steers.rows > 1;
    const int64_t last = one_.at.steers.rows - 1, writer = largest_of(one_.at.writer.data(), steps_);
    std::string text = html_paragraph(
        steered ? "The margin is split in several ways. Each column alone adds up to it. Do not add columns."
                : "The margin is a sum over the sentences.");
    text += html_paragraph(
        "<strong>Writes</strong>: the part of the margin that the last read takes from what this sentence "
        "left in the memory.");
    if (steered) {
      text += html_paragraph(
          "<strong>Steers</strong>: a hop's key is made of the question and of what the hop before read. This is the "
          "part of the margin that comes through what an earlier hop read of this sentence: it chose where the hop "
          "looks. The row &ldquo;the question itself&rdquo; has the part that comes through the question. "
          "There is no column &ldquo;steers hop 1&rdquo;: its key is the question alone.");
      const int64_t steerer = largest_of(one_.at.steers.row(last), steps_);
      text += "<p class=\"trained\">Here sentence " + numbers_[static_cast<size_t>(writer)] +
              " writes the most, and sentence " + numbers_[static_cast<size_t>(steerer)] + " steers hop " +
              std::to_string(last + 1) + " the most.</p>\n";
      text += html_paragraph(
          "<strong>Total</strong>: writes and all steers. It counts the margin several times, so it is not a share. It "
          "is the derivative of the margin when what this sentence stored is made larger in every read.");
    }
    text += html_paragraph(
        "<strong>Left out</strong> is another question: what if the sentence had not been written? The model runs "
        "again, and later sentences are written to another memory.");
    text += opposite();
    text += html_wide("parts of the margin", terms_table(shown_rows(one_, kRows), "terms"));
    text +=
        "<p id=\"pair_text\" class=\"script\" aria-live=\"polite\" hidden>Point at a sentence, or move the focus to " +
        std::string(what_if_ ? "its box" : "it") + ", to see what steered it.</p>\n";
    if (steps_ > kRows) {
      std::vector<int64_t> all(static_cast<size_t>(steps_));
      std::iota(all.begin(), all.end(), 0);
      text += html_fold("All " + std::to_string(steps_) + " sentences",
                        html_wide("parts of the margin, all sentences", terms_table(all, "")));
    }
    if (one_.at.steers.rows > 1) text += pairs_block();
    return page_section("terms", "2. Which sentence writes the answer, which steers the hops?",
                        text + source("sections 5 and 6",
                                      "<code>attribute</code> in <code>src/study/attribution.cpp</code>, "
                                      "<code>leave_each_out</code> in <code>src/study/counterfactual.cpp</code>"));
  }

  /// Points at the sentence whose total and loss disagree most, if both are worth a remark.
  std::string opposite() const {
    double most = 0;
    int64_t found = -1;
    const auto lost = [&](int64_t t) { return one_.at.margin - one_.left_out[static_cast<size_t>(t)].margin; };
    for (int64_t t = 0; t < steps_; ++t) {
      const double both = one_.at.total[static_cast<size_t>(t)] * lost(t);
      const double size = std::min(std::abs(lost(t)), std::abs(one_.at.total[static_cast<size_t>(t)]));
      if (both < 0 && size > most) most = size, found = t;
    }
    if (most < 0.05 * std::abs(one_.at.margin) || found < 0) return "";
    return "<p class=\"trained\">Sentence " + numbers_[static_cast<size_t>(found)] + " has a total of " +
           fixed(one_.at.total[static_cast<size_t>(found)]) + ", yet without it the margin is " +
           fixed(std::abs(lost(found))) + (lost(found) > 0 ? " smaller" : " larger") +
           ". The signs differ because the questions do: the total says what it did in this run. Without it, other "
           "sentences are less overwritten and the later "
           "keys find something else, which no sum over this run contains.</p>\n";
  }

  /// The largest of a matrix of sentences x (sentences and one more), as a list; all of it while it is small.
  std::string matrix_block(const Matrix& values, const std::string& caption, const std::string& last,
                           const std::string& row_head, const std::string& list_head) const {
    std::vector<size_t> order(values.values.size());
    std::iota(order.begin(), order.end(), size_t{0});
    const auto shown = static_cast<int64_t>(std::min(kListed, order.size()));
    std::partial_sort(order.begin(), order.begin() + shown, order.end(), [&](size_t a, size_t b) {
      const double x = std::abs(values.values[a]), y = std::abs(values.values[b]);
      return x > y || (x == y && a < b);
    });
    const auto name_of = [&](int64_t t) { return t < steps_ ? numbers_[static_cast<size_t>(t)] : last; };
    std::string text = html_paragraph(list_head) + "<ul>\n";
    for (int64_t i = 0; i < shown; ++i) {
      const auto at = static_cast<int64_t>(order[static_cast<size_t>(i)]);
      if (values.values[static_cast<size_t>(at)] == 0) break;
      text += "<li>" + name_of(at % values.cols) + " &rarr; " + name_of(at / values.cols) + ": " +
              fixed(values.values[static_cast<size_t>(at)]) + "</li>\n";
    }
    text += "</ul>\n";
    if (steps_ > kRows) return text;
    Table rows = {{row_head}};
    for (int64_t t = 0; t < values.cols; ++t) rows[0].push_back(name_of(t));
    for (int64_t s = 0; s < values.rows; ++s) {
      rows.push_back({name_of(s)});
      for (int64_t t = 0; t < values.cols; ++t) rows.back().push_back(fixed(values(s, t)));
    }
    return text + html_wide("table of pairs", html_table(caption, rows));
  }

  std::string pairs_block() const {
    const int64_t last = one_.at.steers.rows - 1;
    return "<div class=\"trained\">" +
           html_fold(
               "Which sentence steered the reading of which, in the last hop",
               matrix_block(
                   pairs(model_, one_.trace, one_.at, last),
                   "Row: the sentence that was read. Column: whose share of the key it was read with. Rows add up to " +
                       std::string(model_.config.hop_sum ? "what the last hop adds" : "writes") +
                       ", columns to steers hop " + std::to_string(last + 1) + ".",
                   "question", "read", "The largest, written as steering sentence &rarr; sentence that was read:")) +
           "</div>\n";
  }

  /// The words that the output layer makes of what a hop read, with their probabilities, as HTML.
  std::string nearest(const Vector& read) const {
    const Vector p = probabilities(product(read.data(), model_.output));
    std::string text;
    for (const int32_t id : largest_ids(p, 3)) {
      text += (text.empty() ? "" : ", ") + html_text(word(task_, id)) + " " + probable(p[static_cast<size_t>(id)]);
    }
    return text;
  }

  std::string hops() const {
    const int64_t d = model_.config.memory_size;
    std::string list = "<ol id=\"hops\">\n";
    Table match = {{"sentence"}};
    for (size_t h = 0; h < one_.trace.hops.size(); ++h) {
      const QaTrace::Hop& hop = one_.trace.hops[h];
      const std::string n = std::to_string(h + 1);
      match[0].push_back("match, key " + n);
      match[0].push_back("share of what hop " + n + " reads");
      Vector share;
      const double size = dot(hop.r, hop.r);
      for (int64_t t = 0; t < steps_; ++t)
        share.push_back(size > 0 ? dot(one_.at.reads[h].row(t), hop.r.data(), d) / size : 0);
      const int64_t most = largest_of(share.data(), steps_);
      list += "<li>key " + n + ": " +
              std::to_string(std::count_if(hop.k.begin(), hop.k.end(), [](double k) { return k > 0; })) + " of " +
              std::to_string(d) + " units open. Largest share of what it reads: sentence " +
              numbers_[static_cast<size_t>(most)] + " (" + percent(share[static_cast<size_t>(most)]) +
              "). Nearest words: " + nearest(hop.n) + "</li>\n";
      for (int64_t t = 0; t < steps_; ++t) {
        const auto row = static_cast<size_t>(t + 1);
        if (match.size() <= row) match.push_back({row_name(row - 1)});
        match[row].push_back(fixed(dot(hop.k.data(), one_.trace.k.row(t), d)));
        match[row].push_back(percent(share[row - 1]));
      }
    }
    return page_section(
        "hops", "3. From the question to the answer, hop by hop",
        html_paragraph(
            "The question makes the first key. What a key reads from the memory makes, with the question, the "
            "next key. "
            "A unit is open when it is above 0 after the ReLU. A sentence's share of what a hop reads is the part of "
            "the value read that lies in its direction: the shares add up to 100 %, and one that points the other "
            "way is negative. "
            "The nearest words are those that the output layer would answer after this hop, with their "
            "probabilities.") +
            list + "</ol>\n<div class=\"trained\">" +
            html_fold("Match of each key with each stored key, beside the share of what was read",
                      html_paragraph(
                          "The match is the product of the two keys. Where match and share disagree, later sentences "
                          "have overwritten what was stored, or the values cancel.") +
                          html_wide("match and share", html_table("Match and share", match))) +
            "</div>\n" + source("section 6", "<code>read_and_answer</code> in <code>src/study/trace.cpp</code>"));
  }

  static std::string heat(const Matrix& values, const std::string& what, const char* kind) {
    return std::string("<img class=\"") + kind + "\" alt=\"" + html_text(what) + "\" src=\"data:image/bmp;base64," +
           base64(heat_bmp(values)) + "\">";
  }

  std::string memory() const {
    const Saturation& saturation = one_.at.saturation;
    const std::string d = std::to_string(model_.config.memory_size);
    const std::string what = "Memory when the question is asked: " + d + " rows and columns, values from " +
                             fixed(saturation.memory_low) + " to " + fixed(saturation.memory_high);
    const bool outer = model_.config.write_rule == WriteRule::outer;
    std::string formula = "(growth): M = M + g<sub>+</sub> k v<sup>T</sup>";
    if (!outer) {
      formula =
          std::string(
              "(growth) and takes away where its key is active (decay): M = M F + g<sub>+</sub> w<sub>max</sub> k "
              "v<sup>T</sup>, F = 1 - g<sub>+</sub> ") +
          (model_.rule.is_signed ? "|k v|" : "k v") + " - g<sub>-</sub> k<sup>2</sup>, element by element";
    }
    std::string text = html_paragraph(
        "Each sentence adds the outer product of its key and value " + formula +
        ". Blue is above 0, orange below, white 0; the root of the value is drawn, so that small ones show. "
        "Rows: key units, most active first. Columns: value units.");
    if (!outer) {
      text +=
          "<p><strong id=\"below\">" + std::to_string(saturation.negative) + " of " +
          std::to_string(saturation.factors) + " updated entries (" +
          percent(static_cast<double>(saturation.negative) /
                  static_cast<double>(std::max<int64_t>(1, saturation.factors))) +
          ") have F below 0, the smallest F is " + fixed(saturation.smallest) + "</strong></p>\n" +
          html_paragraph(
              "F &lt; 0: the old entry changes its sign; with F &lt; -1 it also grows. w<sub>max</sub> is the value "
              "that an entry approaches while F is between 0 and 1 (and lower with decay). A write with F below 0 "
              "overshoots it, so an entry of M can lie above w<sub>max</sub>, or below 0: "
              "<code>docs/course/2_hebbian_rule.md</code>.");
    } else {
      text += "<p id=\"below\" hidden></p>\n";
    }
    text += "<figure class=\"no_script\">" + heat(sorted_memory(one_.trace), what, "heat") + "<figcaption>" + what +
            ".</figcaption></figure>\n";
    text +=
        "<div class=\"script\" hidden>\n<label>After sentence <input type=\"range\" id=\"step\" min=\"0\" step=\"1\" "
        "max=\"" +
        std::to_string(steps_) + "\" value=\"" + std::to_string(steps_) +
        "\"></label>\n<button id=\"next\" type=\"button\">Step</button> <button id=\"play\" "
        "type=\"button\">Play</button>\n"
        "<p id=\"step_text\"></p>\n<div class=\"four\">\n";
    const char* const pictures[][3] = {{"before", "before: M", "before: M"},
                                       {"growth", "plus growth",
                                        outer ? "+ g<sub>+</sub> k v<sup>T</sup> (growth)"
                                              : "+ g<sub>+</sub> w<sub>max</sub> k v<sup>T</sup> (growth)"},
                                       {"decay", "plus decay", "+ M (F - 1) (decay)"},
                                       {"after", "after", "= after"}};
    for (const auto& [id, label, caption] : pictures) {
      text += std::string("<figure><canvas id=\"m_") + id + "\" width=\"" + d + "\" height=\"" + d +
              "\" role=\"img\" aria-label=\"" + label + "\" aria-describedby=\"step_text\"></canvas><figcaption>" +
              caption + "</figcaption></figure>\n";
    }
    return page_section("memory", "4. The memory, sentence by sentence",
                        text + "</div></div>\n" +
                            source(model_.config.read_before_write ? "sections 5 and 10" : "section 5",
                                   "<code>PlainRule::write</code> in <code>src/study/trace.cpp</code>"));
  }

  std::string forgetting() const {
    const std::vector<Line> lines = forgetting_lines(model_, one_);
    Table left = {{"after sentence"}};
    std::string asked =
        "<table><caption>Asked after each sentence</caption>\n<thead><tr><th scope=\"col\">after sentence</th>"
        "<th scope=\"col\">margin</th><th scope=\"col\">answer</th></tr></thead>\n<tbody>\n";
    double largest = 1e-9;
    for (const Outcome& outcome : one_.asked_after) largest = std::max(largest, std::abs(outcome.margin));
    for (const Line& line : lines) left[0].push_back(shortened(line.name, 60));
    for (size_t s = 0; s < numbers_.size(); ++s) {
      left.push_back({numbers_[s]});
      for (const Line& line : lines) {
        const size_t first = numbers_.size() - line.values.size();
        left.back().push_back(s < first ? "" : fixed(line.values[s - first]));
      }
      const Outcome& outcome = one_.asked_after[s];
      asked += "<tr><th scope=\"row\">" + numbers_[s] + "</th>" + bar(outcome.margin, largest) + "<td>" +
               told(word(task_, outcome.answer)) + " " + probable(outcome.probability) + "</td></tr>\n";
    }
    std::string text = html_paragraph(
        "The part of the margin that a sentence writes, and what is left of it as later sentences overwrite it. The "
        "keys are those of this question's hops.");
    std::string absent;
    for (size_t t = 0; t < numbers_.size(); ++t) {
      const auto is_here = [&](const Line& line) { return line.values.size() == numbers_.size() - t; };
      if (std::none_of(lines.begin(), lines.end(), is_here)) absent += (absent.empty() ? "" : ", ") + numbers_[t];
    }
    if (!absent.empty()) {
      text += html_paragraph("The six sentences with the largest values are drawn. " +
                             (steps_ > 2 * kRows ? std::string("The others") : "The others (" + absent + ")") +
                             " never write more than these.");
    }
    text += lines_svg(lines, steps_, "What is left of the largest writers after each later sentence");
    text += html_fold("These numbers", html_wide("what is left", html_table("Part of the margin that is left", left)));
    text += html_paragraph("Had the question come earlier: the margin of the same two answers after each sentence.");
    Line margin;
    margin.name = "margin";
    for (const Outcome& outcome : one_.asked_after) margin.values.push_back(outcome.margin);
    const std::string table = html_wide("asked after", asked + "</tbody></table>\n");
    text += steps_ <= kRows ? table
                            : lines_svg({margin}, steps_, "Margin had the question come after this sentence") +
                                  html_fold("These numbers", table);
    return page_section("forgetting", "5. Forgetting",
                        "<div class=\"trained\">" + text + "</div>\n" +
                            source("section 5",
                                   "<code>forgetting</code> in <code>src/study/attribution.cpp</code>, "
                                   "<code>first_sentences</code> in <code>src/study/counterfactual.cpp</code>"));
  }

  std::string keys() const {
    const std::string shape = std::to_string(steps_) + " sentences, one a row, from the first down; " +
                              std::to_string(model_.config.memory_size) + " units";
    return page_section(
        "keys", "6. Keys and values",
        html_paragraph("What is stored: sentences that have active units in common share rows of the memory, and "
                       "overwrite each other there.") +
            "<figure>" + heat(one_.trace.k, "Keys: " + shape, "flat") + "<figcaption>Keys: " + shape +
            "</figcaption></figure>\n<figure>" + heat(one_.trace.v, "Values: " + shape, "flat") +
            "<figcaption>Values: " + shape + "</figcaption></figure>\n" +
            source("section 4", "<code>trace_qa</code> in <code>src/study/trace.cpp</code>"));
  }

  std::string origins() const {
    const int64_t d = model_.config.memory_size;
    Table found = {{"sentence", "what it says", "nearest words of what it found"}};
    for (int64_t t = 0; t < steps_; ++t) {
      const double* row = one_.trace.found.row(t);
      const bool empty = std::all_of(row, row + d, [](double x) { return x == 0; });
      found.push_back({row_name(static_cast<size_t>(t)),
                       shortened(sentence(one_.asked.sentences[static_cast<size_t>(t)]), kShownBytes),
                       empty ? "nothing" : nearest_words(model_, task_, Vector(row, row + d))});
    }
    return page_section(
        "origin", "7. Read before write: what each sentence found, and whose content it carries",
        "<div class=\"trained\">" +
            html_paragraph("Before a sentence writes, its key reads the memory; the value it stores depends on "
                           "what it found. So part of what a sentence writes can come from an earlier one.") +
            html_wide("what each sentence found", html_table("What each sentence found", found)) +
            matrix_block(one_.at.origin,
                         "Row: the sentence that wrote. Column: the sentence whose content it carries, last "
                         "the shift of the layer norm.",
                         "shift", "wrote", "The largest, written as origin &rarr; sentence that wrote it:") +
            "</div>\n" + source("section 10", "<code>attribute</code> in <code>src/study/attribution.cpp</code>"));
  }

  std::string meaning() const {
    std::string text =
        "<div class=\"box\"><h3>Exact</h3>\n<ul>\n<li>The column &ldquo;writes&rdquo; adds up to the margin, and so "
        "does each column &ldquo;steers&rdquo; with "
        "the part of the question, both up to rounding. The line below the answer says how closely.</li>\n"
        "<li>Left out and asked earlier: the model runs again, nothing is approximated. Other sentences keep their "
        "age.</li>\n"
        "<li>What a sentence left in the memory, for the keys and values of this run, after everything that later "
        "sentences overwrote.</li></ul></div>\n"
        "<div class=\"box\"><h3>Interpretation</h3>\n<ul>\n<li>Not proved: that the sentence with the largest part is "
        "the reason.</li>\n"
        "<li>Which units of a key are open depends on all sentences together. Here they are taken as they were in this "
        "run (and so are the units of an answer layer and the scale of normalised reads and values).</li>\n"
        "<li>A later sentence decides how much of an earlier one is kept. The sums give nobody credit for that.</li>\n"
        "<li>The supporting facts of the file need not be the only ones that suffice.</li></ul></div>\n";
    Table rows = {{"sum", "found", "expected", "relative error"}};
    for (const Residual& residual : one_.at.residuals) {
      rows.push_back({residual.name, format_real(residual.found, 6), format_real(residual.expected, 6),
                      format_real(residual.relative(), 2)});
    }
    return page_section(
        "meaning", number(8) + "What is exact, what is interpretation",
        text + html_fold(
                   "All sums and their errors",
                   html_wide(
                       "sums",
                       html_table("Sums. Where 0 is expected, found is the largest difference of an element.", rows))));
  }

  std::string json() const {
    std::string settings = "<dl>\n";
    for (const auto& [name, value] : settings_of(model_.config))
      settings += "<dt>" + html_text(name) + "</dt><dd>" + html_text(value) + "</dd>\n";
    return page_section(
               "json", number(9) + "The data of this page",
               html_paragraph(
                   "Everything above as JSON, the same text that <code>babi_explain --json</code> writes. It is in the "
                   "source of this page, "
                   "in the element with the id <code>data</code>; <code>docs/explain.md</code> names its fields.") +
                   "<p class=\"script\" hidden><button id=\"save\" type=\"button\">Save the JSON</button></p>\n" +
                   html_fold("Settings of the model", settings + "</dl>\n")) +
           "<script type=\"application/json\" id=\"data\">" + json_ + "</script>\n";
  }

  const PlainQa& model_;
  const BabiTask& task_;
  const Explanation& one_;
  const int64_t steps_;
  const std::string json_;
  const bool what_if_;  ///< the page has the weights
  std::vector<std::string> numbers_;
  std::vector<Column> columns_;
};

}  // namespace

std::string explain_html(const PlainQa& model, const BabiTask& task, const Explanation& one, JsonWeights weights) {
  return Page(model, task, one, weights).html();
}

}  // namespace hmem
