#include "hmem/data/images/association.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <set>

#include "catch.h"
#include "hmem/core/check.h"
#include "support/error_text.h"

using namespace hmem;

namespace {

/// `per_class` images of each class, classes in turn; labels only, without pixels.
ImageSet labels_only(int64_t classes, int64_t per_class) {
  ImageSet set;
  for (int64_t i = 0; i < classes * per_class; ++i) set.labels.push_back(static_cast<int32_t>(i % classes));
  return set;
}

AssociationExamples examples_of(int64_t per_class, const AssociationOptions& options, uint64_t seed = 1) {
  const ImageSet set = labels_only(10, per_class);
  return make_association(set, 10, set, 10, options, seed, "train");
}

struct Score {
  double query;  ///< knowing the query's class and the classes of the digits shown
  double all;    ///< knowing also the classes of the photographs shown
};

/// Best score, in per cent, of an answer that ignores which photograph came with which digit: exact, over all sets of
/// classes, for digits with probability proportional to the product of `weight(d - c)` over the pairs.
template <typename Weight>
Score best_blind_score(const Weight& weight) {
  double total = 0, all = 0;
  std::map<std::array<int, 5>, double> by_query;  // query, digits, answer
  for (int a = 0; a < 10; ++a) {
    for (int b = a + 1; b < 10; ++b) {
      for (int c = b + 1; c < 10; ++c) {
        const std::array<int, 3> shown = {a, b, c};
        std::array<int, 10> chosen{};
        std::fill(chosen.end() - 3, chosen.end(), 1);
        do {
          std::array<int, 3> digits{};
          for (int d = 0, n = 0; d < 10; ++d) {
            if (chosen[static_cast<size_t>(d)] != 0) digits[static_cast<size_t>(n++)] = d;
          }
          std::array<std::array<double, 10>, 3> score{};
          std::array<int, 3> order = digits;
          do {
            double w = 1;
            for (size_t i = 0; i < 3; ++i) w *= weight(order[i] - shown[i]);
            total += 3 * w;
            for (size_t i = 0; i < 3; ++i) {
              score[i][static_cast<size_t>(order[i])] += w;
              by_query[{shown[i], digits[0], digits[1], digits[2], order[i]}] += w;
            }
          } while (std::next_permutation(order.begin(), order.end()));
          for (const auto& answers : score) all += *std::max_element(answers.begin(), answers.end());
        } while (std::next_permutation(chosen.begin(), chosen.end()));
      }
    }
  }
  std::map<std::array<int, 4>, double> best;
  for (const auto& [key, w] : by_query) {
    double& value = best[{key[0], key[1], key[2], key[3]}];
    value = std::max(value, w);
  }
  double query = 0;
  for (const auto& entry : best) query += entry.second;
  return {100 * query / total, 100 * all / total};
}

/// The same for drawn examples and one rule: the digit shown with the largest `weight` (the first of equals).
template <typename Weight>
double score_of_rule(const AssociationExamples& examples, const Weight& weight) {
  int64_t right = 0;
  for (int64_t i = 0; i < examples.count(); ++i) {
    double best = -1;
    int answer = -1;
    for (int64_t j = 0; j < examples.timesteps; ++j) {
      const int digit = examples.digits[static_cast<size_t>(i * examples.timesteps + j)] % 10;
      const double w = weight(digit - examples.queries[static_cast<size_t>(i)] % 10);
      if (w > best) best = w, answer = digit;
    }
    right += answer == examples.answers[static_cast<size_t>(i)];
  }
  return 100.0 * static_cast<double>(right) / static_cast<double>(examples.count());
}

const auto kReferenceWeight = [](int offset) { return reference_pairing_weight(offset, 10); };
const auto kNoWeight = [](int) { return 1.0; };

void check_structure(const AssociationExamples& examples, int64_t per_class, int64_t rounds) {
  const int64_t steps = examples.timesteps;
  REQUIRE(examples.count() == 10 * rounds);
  REQUIRE(examples.photographs.size() == static_cast<size_t>(examples.count() * steps));
  const int64_t memory = steps * per_class / (steps + 1);
  std::set<int32_t> photographs, digits;
  std::array<int64_t, 10> asked{}, answered{};
  std::vector<int64_t> position(static_cast<size_t>(steps));
  for (int64_t i = 0; i < examples.count(); ++i) {
    std::set<int32_t> photograph_classes, digit_classes;
    int found = 0;
    const int32_t query = examples.queries[static_cast<size_t>(i)];
    for (int64_t j = 0; j < steps; ++j) {
      const int32_t photograph = examples.photographs[static_cast<size_t>(i * steps + j)];
      const int32_t digit = examples.digits[static_cast<size_t>(i * steps + j)];
      photograph_classes.insert(photograph % 10);
      digit_classes.insert(digit % 10);
      photographs.insert(photograph);
      digits.insert(digit);
      if (photograph / 10 >= memory || digit / 10 >= memory) FAIL("a query image in a pair");
      if (photograph % 10 == query % 10) {
        ++found;
        ++position[static_cast<size_t>(j)];
        if (digit % 10 != examples.answers[static_cast<size_t>(i)]) FAIL("the answer is not the paired digit");
      }
    }
    if (found != 1 || query / 10 < memory) FAIL("the query is not another image of one shown class");
    if (photograph_classes.size() != static_cast<size_t>(steps)) FAIL("a photograph class occurs twice");
    if (digit_classes.size() != static_cast<size_t>(steps)) FAIL("a digit class occurs twice");
    photographs.insert(query);
    ++asked[static_cast<size_t>(query % 10)];
    ++answered[static_cast<size_t>(examples.answers[static_cast<size_t>(i)])];
  }
  CHECK(photographs.size() == static_cast<size_t>(examples.count() * (steps + 1)));  // each at most once
  CHECK(digits.size() == static_cast<size_t>(examples.count() * steps));
  for (int64_t count : asked) CHECK(count == rounds);
  for (int64_t count : answered) CHECK(count == rounds);
  for (int64_t count : position) {
    CHECK(static_cast<double>(count) ==
          Approx(10.0 * static_cast<double>(rounds) / static_cast<double>(steps))
              .margin(6 * std::sqrt(10.0 * static_cast<double>(rounds) / static_cast<double>(steps))));
  }
}

}  // namespace

TEST_CASE("association: the sizes of the paper", "[images]") {
  for (Pairing pairing : {Pairing::independent, Pairing::reference}) {
    AssociationOptions options;
    options.pairing = pairing;
    const AssociationExamples train = examples_of(5000, options);
    check_structure(train, 5000, 1250);  // all 50,000 photographs are used, each once
    CHECK(train.count() == 12500);
    CHECK(train.train_count == 11250);
    check_structure(examples_of(892, options), 892, 223);
  }
}

TEST_CASE("association: any number of pairs", "[images]") {
  for (int steps : {2, 4, 5, 6}) {
    for (Pairing pairing : {Pairing::independent, Pairing::reference}) {
      AssociationOptions options;
      options.timesteps = steps;
      options.pairing = pairing;
      check_structure(examples_of(200, options), 200, 200 / (steps + 1));
    }
  }
}

TEST_CASE("association: the accuracy that is possible without the pairs", "[images]") {
  const Score reference = best_blind_score(kReferenceWeight), independent = best_blind_score(kNoWeight);
  CAPTURE(reference.query, reference.all, independent.query);
  CHECK(reference.query == Approx(75).margin(2));
  CHECK(reference.all == Approx(87).margin(1));
  CHECK(independent.query == Approx(100.0 / 3).margin(1e-9));
  CHECK(independent.all == Approx(100.0 / 3).margin(1e-9));

  AssociationOptions options;
  CHECK(score_of_rule(examples_of(5000, options), kReferenceWeight) == Approx(100.0 / 3).margin(2));
  options.pairing = Pairing::reference;
  const AssociationExamples drawn = examples_of(5000, options);
  CHECK(score_of_rule(drawn, kReferenceWeight) == Approx(75).margin(3));
  std::map<int, int64_t> offsets;
  for (size_t i = 0; i < drawn.digits.size(); ++i) ++offsets[(drawn.digits[i] - drawn.photographs[i] + 50012) % 10 - 2];
  int64_t near = 0;
  for (int offset = -2; offset <= 2; ++offset) near += offsets[offset];
  CHECK(near == static_cast<int64_t>(drawn.digits.size()));  // c-2 .. c+2 and nothing else
  CHECK(offsets[0] > offsets[1]);
  CHECK(offsets[1] > offsets[2]);
  CHECK(offsets[2] > static_cast<int64_t>(drawn.digits.size()) / 20);
}

TEST_CASE("association: independent pairs are independent", "[images]") {
  const AssociationExamples drawn = examples_of(5000, {});
  std::array<std::array<double, 10>, 10> table{};
  for (size_t i = 0; i < drawn.digits.size(); ++i)
    ++table[static_cast<size_t>(drawn.photographs[i] % 10)][static_cast<size_t>(drawn.digits[i] % 10)];
  double chi = 0;
  for (const auto& row : table) {
    for (double count : row) chi += (count - 375) * (count - 375) / 375;
  }
  CHECK(chi < 130);  // 81 degrees of freedom: 130 is beyond 1 in 2000
}

TEST_CASE("association: delays, seeds and parts", "[images]") {
  AssociationOptions options;
  options.delay = 2;
  options.noise_frames = 7;
  const AssociationExamples one = examples_of(40, options);
  CHECK(one.frames() == 9);
  CHECK(one.noise.size() == 100 * 3 * 2);
  CHECK(*std::min_element(one.noise.begin(), one.noise.end()) == 0);
  CHECK(*std::max_element(one.noise.begin(), one.noise.end()) == 6);
  CHECK(one.frame(5, 3).kind == AssociationFrame::Kind::pair);
  CHECK(one.frame(5, 3).photograph == one.photographs[5 * 3 + 1]);
  CHECK(one.frame(5, 3).digit == one.digits[5 * 3 + 1]);
  CHECK(one.frame(5, 8).kind == AssociationFrame::Kind::noise);  // after the last pair too
  CHECK(one.frame(5, 8).noise == one.noise[5 * 6 + 5]);
  CHECK_THROWS_AS(one.frame(5, 9), Error);
  CHECK(examples_of(40, options).noise == one.noise);
  CHECK(examples_of(40, options).photographs == one.photographs);
  CHECK(examples_of(40, options, 2).photographs != one.photographs);
  const ImageSet set = labels_only(10, 40);
  CHECK(make_association(set, 10, set, 10, options, 1, "test").photographs != one.photographs);
  options.delay_padding = DelayPadding::zeros;
  const AssociationExamples zeros = examples_of(40, options);
  CHECK(zeros.frame(0, 1).kind == AssociationFrame::Kind::zeros);
  CHECK(zeros.photographs == one.photographs);  // the delay does not move the pairs
}

TEST_CASE("association: frames", "[images]") {
  ImageSet a{4, 4, 3, std::vector<uint8_t>(96), {0, 1}}, b{2, 2, 1, std::vector<uint8_t>(8), {0, 1}};
  for (size_t i = 0; i < a.pixels.size(); ++i) a.pixels[i] = static_cast<uint8_t>(i);
  for (size_t i = 0; i < b.pixels.size(); ++i) b.pixels[i] = static_cast<uint8_t>(200 + i);
  const AssociationRenderer renderer(a, b, 3);
  CHECK(renderer.frame_shape() == Shape{4, 8, 3});
  std::vector<real> frame(static_cast<size_t>(renderer.frame_size()), real{7});
  const auto at = [&](int y, int x, int c) { return 255 * frame[static_cast<size_t>((y * 8 + x) * 3 + c)]; };
  renderer.render({AssociationFrame::Kind::pair, 1, 0, -1}, frame.data());
  CHECK(at(0, 0, 0) == Approx(48));
  CHECK(at(3, 3, 2) == Approx(95));
  CHECK(at(1, 5, 0) == Approx(200));
  CHECK(at(1, 5, 2) == Approx(200));
  CHECK(at(2, 6, 1) == Approx(203));
  for (int edge : {4, 7}) CHECK(at(1, edge, 0) == 0);
  CHECK(at(0, 5, 0) == 0);
  CHECK(at(3, 5, 0) == 0);
  renderer.render_query(0, frame.data());
  CHECK(at(3, 3, 2) == Approx(47));
  CHECK(at(1, 5, 0) == 0);
  renderer.render({AssociationFrame::Kind::zeros, -1, -1, -1}, frame.data());
  CHECK(std::count(frame.begin(), frame.end(), real{0}) == renderer.frame_size());
  renderer.render({AssociationFrame::Kind::noise, -1, -1, 4}, frame.data());
  CHECK(at(2, 6, 0) == at(2, 6, 2));
  CHECK(std::set<real>(frame.begin(), frame.end()).size() == 32);
  const std::vector<real> noise = frame;
  renderer.render_noise(5, frame.data());
  CHECK(frame != noise);
  renderer.render_noise(4, frame.data());
  CHECK(frame == noise);
  CHECK_THROWS_AS(renderer.render_query(2, frame.data()), Error);
}

TEST_CASE("association: held-out classes are in no training example, and tested separately", "[images]") {
  AssociationOptions options;
  options.held_out_classes = 2;
  options.delay = 1;
  const ImageSet set = labels_only(10, 40);
  const AssociationExamples train = make_association(set, 10, set, 10, options, 1, "train"),
                            test = make_association(set, 10, set, 10, options, 1, "test");
  const auto label = [&](int32_t image) { return set.labels[static_cast<size_t>(image)]; };
  std::map<int32_t, int> shown, digits;
  for (const int32_t image : train.photographs) ++shown[label(image)];
  for (const int32_t image : train.digits) ++digits[label(image)];
  CHECK(shown.size() == 8);
  CHECK(shown.rbegin()->first == 7);
  CHECK(digits.size() == 10);
  for (const auto& [shown_class, count] : shown) CHECK(count == 30);
  for (const int32_t image : train.queries) CHECK(label(image) < 8);
  CHECK(train.count() == 80);
  CHECK(test.count() == 100);

  const AssociationExamples of_two =
      filter_examples(test, [&](int64_t i) { return label(test.queries[static_cast<size_t>(i)]) >= 8; });
  CHECK(of_two.count() == 20);
  CHECK(of_two.frames() == test.frames());
  int64_t at = 0;
  for (int64_t i = 0; i < test.count(); ++i) {
    if (label(test.queries[static_cast<size_t>(i)]) < 8) continue;
    CHECK(of_two.queries[static_cast<size_t>(at)] == test.queries[static_cast<size_t>(i)]);
    CHECK(of_two.answers[static_cast<size_t>(at)] == test.answers[static_cast<size_t>(i)]);
    for (int64_t step = 0; step < test.frames(); ++step) {
      const AssociationFrame a = of_two.frame(at, step), b = test.frame(i, step);
      CHECK((a.photograph == b.photograph && a.digit == b.digit && a.noise == b.noise));
    }
    ++at;
  }
  options.pairing = Pairing::reference;
  CHECK_THROWS_AS(make_association(set, 10, set, 10, options, 1, "train"), Error);
  options.pairing = Pairing::independent;
  options.held_out_classes = 8;
  CHECK_THROWS_AS(make_association(set, 10, set, 10, options, 1, "train"), Error);
}

TEST_CASE("association: validation examples of other images", "[images]") {
  AssociationOptions options;
  options.delay = 1;
  const ImageSet set = labels_only(10, 40);
  AssociationImages seen, unseen;
  for (int64_t i = 0; i < set.count(); ++i) {
    seen.a.push_back(i < 320);
    seen.b.push_back(i < 300);
  }
  unseen = seen;
  unseen.a.flip();
  unseen.b.flip();
  const AssociationExamples train = make_association(set, 10, set, 10, options, 1, "train", seen),
                            validation = make_association(set, 10, set, 10, options, 1, "validation", unseen),
                            both = join_examples(train, validation);
  CHECK(train.count() == 70);  // 30 digits of a class: 22 are shown, 7 rounds of 10 examples
  CHECK(validation.count() == 20);
  CHECK(both.train_count == 70);
  CHECK(both.count() == 90);
  for (int64_t i = 0; i < both.count(); ++i) {
    const bool validates = i >= 70;
    CHECK((both.queries[static_cast<size_t>(i)] >= 320) == validates);
    for (int64_t step = 0; step < both.frames(); ++step) {
      const AssociationFrame frame = both.frame(i, step);
      const AssociationFrame same = validates ? validation.frame(i - 70, step) : train.frame(i, step);
      CHECK((frame.photograph == same.photograph && frame.digit == same.digit && frame.noise == same.noise));
      if (frame.kind != AssociationFrame::Kind::pair) continue;
      CHECK((frame.photograph >= 320) == validates);
      CHECK((frame.digit >= 300) == validates);
    }
  }
  options.delay = 2;
  CHECK_THROWS_AS(join_examples(train, make_association(set, 10, set, 10, options, 1, "train")), Error);
  unseen.b.pop_back();
  CHECK_THROWS_AS(make_association(set, 10, set, 10, options, 1, "validation", unseen), Error);
}

TEST_CASE("association: impossible settings are refused", "[images][bad]") {
  const auto error_with = [](auto change, int64_t per_class = 40, int64_t b_classes = 10) {
    AssociationOptions options;
    change(options);
    const ImageSet a = labels_only(10, per_class), b = labels_only(b_classes, per_class);
    return test::error_text([&] { make_association(a, 10, b, b_classes, options, 1, "train"); });
  };
  using Options = AssociationOptions;
  CHECK(error_with([](Options& o) { o.timesteps = 1; }) == "timesteps: found 1, expected 2 to 6");
  CHECK(error_with([](Options& o) { o.timesteps = 7; }) == "timesteps: found 7, expected 2 to 6");
  CHECK(error_with([](Options& o) { o.delay = -1; }) == "delay: found -1, expected 0 to 1000");
  CHECK(error_with([](Options&) {}, 3) ==
        "the smallest class of the train images has 3, expected at least 4 for 3 pairs");
  CHECK(error_with([](Options&) {}, 40, 2).find("expected at least as many classes as timesteps") != std::string::npos);
  CHECK(error_with([](Options& o) { o.pairing = Pairing::reference; }, 40, 8).find("found 10 and 8") !=
        std::string::npos);
  CHECK(error_with([](Options&) {}, 40, 8) == "(nothing was thrown)");
}
