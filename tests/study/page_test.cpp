// The page of an explained question: complete without a script, closed to the network, safe with any words, small.

#include <cmath>
#include <regex>
#include <set>

#include "catch.h"
#include "hmem/core/html.h"
#include "hmem/data/images/decode.h"
#include "hmem/data/images/encode.h"
#include "hmem/study/explain.h"
#include "study/explain_pictures.h"
#include "study/study_rows.h"

using namespace hmem;
using namespace hmem::test;

namespace {

/// The texts between `begin` and `end`.
std::vector<std::string> all_between(const std::string& text, const std::string& begin, const std::string& end) {
  std::vector<std::string> found;
  for (size_t at = text.find(begin); at != std::string::npos; at = text.find(begin, at)) {
    at += begin.size();
    found.push_back(text.substr(at, text.find(end, at) - at));
  }
  return found;
}

const std::string kData = "<script type=\"application/json\" id=\"data\">";

void check_page(const std::string& page, const std::string& json) {
  CHECK(page.rfind("<!DOCTYPE html>\n<html lang=\"en\">", 0) == 0);
  const std::vector<std::string> data = all_between(page, kData, "</script>");
  REQUIRE(data.size() == 1);
  CHECK(data[0] == json);
  // Two scripts, the data and the page's own: no word has opened or closed one.
  CHECK(times_in(page, "<script") == 2);
  CHECK(times_in(page, "</script>") == 2);
  const size_t script = page.rfind("<script>");
  CHECK(page.substr(script).find("<!--") == std::string::npos);
  // Nothing is loaded.
  for (const char* reference : {" href=", "@import", "url(", "fetch(", "XMLHttpRequest", "<link", "<iframe"}) {
    CAPTURE(reference);
    CHECK(page.find(reference) == std::string::npos);
  }
  for (const std::string& source : all_between(page, " src=\"", "\"")) {
    CHECK(source.rfind("data:image/bmp;base64,", 0) == 0);
  }
  for (const std::string& address : all_between(page, "http", "\"")) {  // only the name of a vocabulary
    const bool harmless = address == "://www.w3.org/2000/svg" || address == "-equiv=";
    CAPTURE(address);
    CHECK(harmless);
  }
  CHECK(page.find("default-src 'none'") != std::string::npos);
  // Headings in order, without a gap.
  int level = 0;
  for (size_t at = page.find("<h"); at < script; at = page.find("<h", at + 1)) {
    if (page[at + 2] < '1' || page[at + 2] > '6') continue;
    const int found = page[at + 2] - '0';
    CHECK(found <= level + 1);
    level = found;
  }
  // Ids differ, and what refers to one finds it.
  const std::vector<std::string> ids = all_between(page, " id=\"", "\"");
  const std::set<std::string> names(ids.begin(), ids.end());
  CHECK(names.size() == ids.size());
  for (const char* reference : {"aria-labelledby=\"", "aria-describedby=\""}) {
    for (const std::string& name : all_between(page, reference, "\"")) CHECK(names.count(name) == 1);
  }
  for (const std::string& name : all_between(page.substr(script), "byId('", "'")) {
    CAPTURE(name);
    CHECK((names.count(name) == 1 || name == "m_"));
  }
  for (const char* tag :
       {"section", "table", "tr", "td", "th", "svg", "div", "details", "ol", "ul", "li", "p", "bdi"}) {
    const std::string before = page.substr(0, script);
    CAPTURE(tag);
    CHECK(times_in(before, std::string("<") + tag + ">") + times_in(before, std::string("<") + tag + " ") ==
          times_in(before, std::string("</") + tag + ">"));
  }
  CHECK(times_in(page, "<svg ") == times_in(page, "<title>") - 1);  // every picture has one, and the page
  CHECK(times_in(page, "<img ") == times_in(page, " alt=\""));
}

Explanation explained(const PlainQa& model, const Questions& given, int64_t number) {
  return explain(model, given.task, asked_question(given.stories, number));
}

/// A story of `count` sentences, and a model of the paper's size for it.
struct Long {
  Questions given;
  std::unique_ptr<HMemQa> model;

  Long(int count, const OptionRow& row) {
    const char* const words[] = {"mary", "john", "sandra", "daniel"};
    const char* const places[] = {"kitchen", "office", "garden", "hallway", "bathroom", "bedroom"};
    std::string text;
    for (int i = 0; i < count; ++i) {
      text += std::to_string(i + 1) + " " + words[i * 7 % 4] + " went to the " + places[i * 5 % 6] + ".\n";
    }
    std::istringstream in(text + std::to_string(count + 1) + " where is mary?\tkitchen\t1\n");
    given.stories = parse_babi(in, "long");
    given.task = vectorise_babi(given.stories, given.stories);
    Config config;
    row.set(config);
    model = std::make_unique<HMemQa>(with_sizes(config, given.task), 3);
  }
};

const OptionRow kPlain = {"plain", [](Config&) {}};
const OptionRow kWriting = {"read before write", [](Config& c) { c.read_before_write = true; }};

/// sRGB, 0..1
struct Colour {
  double r, g, b;
};

double linear(double c) { return c <= 0.04045 ? c / 12.92 : std::pow((c + 0.055) / 1.055, 2.4); }

/// WCAG 2
double luminance(Colour c) { return 0.2126 * linear(c.r) + 0.7152 * linear(c.g) + 0.0722 * linear(c.b); }
double contrast(Colour a, Colour b) {
  const double x = luminance(a), y = luminance(b);
  return (std::max(x, y) + 0.05) / (std::min(x, y) + 0.05);
}

/// As seen with a defect of one kind of cones, severity 1 (Machado, Oliveira and Fernandes 2009), in linear light.
Colour seen(Colour c, const double (&m)[9]) {
  const double r = linear(c.r), g = linear(c.g), b = linear(c.b);
  return {m[0] * r + m[1] * g + m[2] * b, m[3] * r + m[4] * g + m[5] * b, m[6] * r + m[7] * g + m[8] * b};
}

}  // namespace

TEST_CASE("the page of every option is complete, well formed and closed to the network", "[study][page]") {
  const Questions given = some_questions(15, 8);
  for (const OptionRow& row : kRows) {
    DYNAMIC_SECTION(row.name) {
      const auto model = random_model(row, given.task);
      const PlainQa plain(*model);
      const Explanation one = explained(plain, given, 7);
      const std::string page = explain_html(plain, given.task, one);
      check_page(page, explain_json(plain, given.task, one));
      CHECK(times_in(page, "<tr data-t=") == static_cast<size_t>(one.trace.sentences()));
      CHECK((page.find("Read before write") != std::string::npos) == plain.config.read_before_write);
      for (const BabiWords& sentence : one.asked.sentences) {
        CHECK(times_in(page, html_text(words_text(sentence))) >= 2);
      }
      for (const std::string& line : explain_text(plain, given.task, one)) {  // the numbers of the terminal
        if (line.find("terms add up") == 0) CHECK(page.find(line) != std::string::npos);
      }
    }
  }
}

TEST_CASE("hostile words do nothing in a page", "[study][page][bad]") {
  std::istringstream in(
      "1 mary <script>alert(1)</script> \"the\" 'kitchen' &amp; <u>.\n"
      "2 where is mary?\t</script><script>alert(2)</script>\t1\n"
      "3 where is <img src=x onerror=alert(3)>?\t\"><u>\t1\n");
  Questions given;
  given.stories = parse_babi(in, "hostile");
  given.task = vectorise_babi(given.stories, given.stories);
  for (const OptionRow& row : {kPlain, kWriting}) {
    const auto model = random_model(row, given.task);
    const PlainQa plain(*model);
    for (const int64_t number : {0, 1}) {
      AskedQuestion asked = asked_question(given.stories, number);
      asked.sentences.push_back(
          {"\xE2\x80\xAE"
           "rtl",
           "line\nbreak", "\xFF", "\xD7\xA9\xD7\x9C", "\xF0\x9F\x98\x80"});
      asked.true_answer = "<!-- <i onclick='x'>";
      const Explanation one = explain(plain, given.task, asked);
      const std::string page = explain_html(plain, given.task, one);
      check_page(page, explain_json(plain, given.task, one));
      const std::string before = page.substr(0, page.find(kData));
      for (const char* markup : {"<script>alert", "<u>", "<i ", "<!--", "\xE2\x80\xAE", "<img src=x"}) {
        CAPTURE(markup);
        CHECK(before.find(markup) == std::string::npos);
      }
      for (const ExplainPicture& picture : explain_pictures(plain, given.task, one)) {
        CHECK(picture.svg.find("<script") == std::string::npos);
      }
    }
  }
  // A word of 1 MiB is in the JSON, and cut where it is shown.
  const auto model = random_model(kPlain, given.task);
  const PlainQa plain(*model);
  AskedQuestion asked = asked_question(given.stories, 0);
  asked.sentences.push_back({std::string(size_t{1} << 20, 'x')});
  const Explanation one = explain(plain, given.task, asked);
  const std::string page = explain_html(plain, given.task, one);
  check_page(page, explain_json(plain, given.task, one));
  CHECK(page.size() < (size_t{1} << 20) + 150000);
}

TEST_CASE("pages are small: below 150 KB for 10 sentences, whatever the model, below 1.5 MB for 228", "[study][page]") {
  const auto page_of = [](int count, const OptionRow& row, JsonWeights weights = JsonWeights::if_small) {
    const Long made(count, row);
    const PlainQa plain(*made.model);
    return explain_html(plain, made.given.task, explained(plain, made.given, 0), weights);
  };
  const auto size_of = [&](int count, const OptionRow& row) { return page_of(count, row).size(); };
  CHECK(size_of(10, kPlain) < 150000);
  CHECK(size_of(10, kWriting) < 150000);
  // A plain model has its weights, one more matrix is too much.
  const auto has = [](const std::string& page, const char* text) { return page.find(text) != std::string::npos; };
  CHECK((has(page_of(10, kPlain), "\"output\":{\"shape\"") && !has(page_of(10, kPlain), "leaves out the weights")));
  const std::string without = page_of(10, kWriting), with = page_of(10, kWriting, JsonWeights::behind_keys);
  CHECK((has(without, "\"back\":null,\"output\":null,\"answer_read\":null,\"write_found\":null")));
  CHECK((has(without, "leaves out the weights") && has(without, "<div hidden><h3>What if?")));
  CHECK((has(with, "\"write_found\":{\"shape\"") && has(with, "<div class=\"script\" hidden><h3>What if?")));
  CHECK(with.size() < 225000);
#ifndef __SANITIZE_ADDRESS__  // slower by far: the small ones alone
  CHECK(size_of(228, kPlain) < 1500000);
  CHECK(size_of(128, kWriting) < 1500000);
#endif
}

TEST_CASE("pictures have names, titles and colours of their own; heat maps have pixels", "[study][page]") {
  const Questions given = some_questions(2, 40);
  const auto model = random_model(kWriting, given.task);
  const PlainQa plain(*model);
  const Explanation one = explained(plain, given, 30);
  std::set<std::string> names;
  for (const ExplainPicture& picture : explain_pictures(plain, given.task, one)) {
    CAPTURE(picture.name);
    names.insert(picture.name);
    CHECK(picture.svg.rfind("<svg xmlns=\"http://www.w3.org/2000/svg\"", 0) == 0);
    CHECK(picture.svg.find("<title>") != std::string::npos);
    // Other programs know no style sheet: every shape has its colour.
    CHECK(picture.svg.find(" fill=\"#1a1a1a\"><title>") != std::string::npos);  // of text and marks
    for (const char* shape : {"<path ", "<rect "}) {
      for (const std::string& attributes : all_between(picture.svg, shape, ">")) {
        CHECK((" " + attributes).find(" fill=\"") != std::string::npos);
      }
    }
    if (!picture.pixels || !can_decode_images()) continue;
    const DecodedImage read = decode_image(encode_png(*picture.pixels), 3, "png");
    CHECK(read.pixels == picture.pixels->pixels);
  }
  const std::set<std::string> expected = {"writes",   "steers2", "steers3",     "total",           "origin",
                                          "left_out", "logits",  "asked_after", "forgetting",      "memory",
                                          "keys",     "values",  "pairs",       "origin_of_values"};
  CHECK(names == expected);
}

TEST_CASE("heat maps: white at 0, blue above, orange below, in pixels as in the page's BMP", "[study][page]") {
  Matrix values(2, 3);
  values.values = {0, 4, -4, 1, -0.25, 0};
  const DecodedImage image = detail::heat_image(values);
  const auto pixel = [](const DecodedImage& from, size_t i) {
    return std::vector<int>{from.pixels[3 * i], from.pixels[3 * i + 1], from.pixels[3 * i + 2]};
  };
  CHECK(pixel(image, 0) == std::vector<int>{255, 255, 255});
  CHECK(pixel(image, 1) == std::vector<int>{0, 96, 160});
  CHECK(pixel(image, 2) == std::vector<int>{179, 71, 0});
  CHECK(pixel(image, 3)[0] > 100);  // the root: half of the way
  CHECK(pixel(image, 3)[0] < 155);
  CHECK(detail::heat_image(values, 3).width == 9);
  CHECK(pixel(detail::heat_image(values, 3), 4) == pixel(image, 1));
  CHECK(detail::heat_bmp(values).size() == 54 + 64 + 2 * 4);
  if (!can_decode_images()) return;
  const DecodedImage bmp = decode_image(detail::heat_bmp(values), 3, "bmp");
  for (const size_t i : {0, 1, 2, 5}) CHECK(pixel(bmp, i) == pixel(image, i));
  CHECK(std::abs(pixel(bmp, 3)[0] - pixel(image, 3)[0]) < 20);  // 15 colours
}

TEST_CASE("text can be read and the two signs told apart, in light and dark, with any colour vision", "[study][page]") {
  const Questions given = some_questions(1, 2);
  const auto model = random_model(kPlain, given.task);
  const PlainQa plain(*model);
  const std::string page = explain_html(plain, given.task, explained(plain, given, 0));
  const std::vector<std::string> themes = all_between(page, ":root{", "}");
  REQUIRE(themes.size() == 2);
  for (const std::string& theme : themes) {
    CAPTURE(theme);
    const auto colour = [&](const std::string& name) {
      std::string digits = all_between(theme + ";", "--" + name + ":#", ";").at(0);
      if (digits.size() == 3) digits = {digits[0], digits[0], digits[1], digits[1], digits[2], digits[2]};
      const auto part = [&](size_t at) { return std::stoi(digits.substr(at, 2), nullptr, 16) / 255.0; };
      return Colour{part(0), part(2), part(4)};
    };
    for (const char* of : {"text", "quiet", "pos", "neg"}) {
      CAPTURE(of);
      CHECK(contrast(colour(of), colour("back")) >= 4.5);
      CHECK(contrast(colour(of), colour("mark")) >= 4.5);
    }
    const double kinds[][9] = {
        {1, 0, 0, 0, 1, 0, 0, 0, 1},
        {0.152286, 1.052583, -0.204868, 0.114503, 0.786281, 0.099216, -0.003882, -0.048116, 1.051998},   // protanopia
        {0.367322, 0.860646, -0.227968, 0.280085, 0.672501, 0.047413, -0.011820, 0.042940, 0.968881},    // deuteranopia
        {1.255528, -0.076749, -0.178779, -0.078411, 0.930809, 0.147602, 0.004733, 0.691367, 0.303900}};  // tritanopia
    for (const auto& kind : kinds) {
      const Colour a = seen(colour("pos"), kind), b = seen(colour("neg"), kind);
      CHECK(std::hypot(a.r - b.r, a.g - b.g, a.b - b.b) > 0.2);
    }
  }
}
