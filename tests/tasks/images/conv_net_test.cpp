#include "hmem/tasks/images/conv_net.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "catch.h"
#include "hmem/core/half.h"
#include "hmem/core/safetensors.h"
#include "hmem/data/images/embedded.h"
#include "hmem/optim/adam.h"
#include "support/error_text.h"
#include "support/narrow_net.h"
#include "support/numbers.h"
#include "support/surroundings.h"
#include "support/temp_folder.h"

namespace hmem {
namespace {

using Part = Learner::Part;

TEST_CASE("pretraining: both sets as one problem", "[train]") {
  const ImageData a = embedded_objects({3, 2}), b = embedded_glyphs({4, 1});
  ConvNet14 net(1, 1, test::kChannels);
  ConvNet14Top top(net.features(), 20, 1);
  ConvNetLearner learner(net, top, a, b, 1, {0.1, 1e-3});
  CHECK(learner.count(Part::train) == 63);
  CHECK(learner.count(Part::validation) == 7);
  CHECK(learner.count(Part::test) == 30);
  const Weights weights = net.weights();
  CHECK(learner.weights().parameters.size() == weights.parameters.size() + top.weights().parameters.size());

  // The loss and the errors of single images are those of the network on the image, under the label of both sets.
  const auto check = [&](Part part, int64_t example, const ImageSet& set, int64_t image, int32_t label) {
    Tape tape(Tape::Mode::inference), other(Tape::Mode::inference);
    const Learner::BatchResult found = learner.run(tape, part, &example, 1);
    Tensor pixels({1, 32, 32, 3});
    place_image(set, image, {}, 32, pixels.data());
    const Var logits = top.forward(other, net.forward(other, other.constant(pixels)));
    IdTensor labels({1});
    labels[0] = label;
    const CrossEntropy answer = softmax_cross_entropy(logits, labels);
    double penalty = 0;
    for (const Parameter* p : weights.regularised) {
      for (const real x : p->value) penalty += 1e-3 * static_cast<double>(x) * static_cast<double>(x);
    }
    CHECK(std::abs(static_cast<double>(*found.loss.data() - *answer.loss.data()) - penalty) < 1e-3);
    CHECK(found.errors == (answer.argmax[0] == label ? 0 : 1));
  };
  check(Part::test, 5, a.test, 5, a.test.labels[5]);
  check(Part::test, 20 + 7, b.test, 7, 10 + b.test.labels[7]);
  const std::vector<int64_t> order = Rng(1, "conv_net.split").permutation(70);
  const auto check_training = [&](Part part, int64_t example, int64_t image) {
    const bool in_a = image < 30;
    const ImageSet& set = in_a ? a.train : b.train;
    const int64_t in_set = in_a ? image : image - 30;
    check(part, example, set, in_set, set.labels[static_cast<size_t>(in_set)] + (in_a ? 0 : 10));
  };
  check_training(Part::train, 2, order[2]);
  check_training(Part::validation, 3, order[66]);
  const int64_t outside = 63;
  Tape tape;
  CHECK_THROWS_AS(learner.run(tape, Part::train, &outside, 1), Error);
}

TEST_CASE("training photographs are displaced, depending on step and example; nothing else is", "[train]") {
  const ImageData a = embedded_objects({3, 2}), b = embedded_glyphs({4, 1});
  ConvNet14 net(1, 1, test::kChannels);
  ConvNet14Top top(net.features(), 20, 1);
  const Augmentation augmentation = {true, 3, ShiftFill::reflect, 8};
  ConvNetLearner as_it_is(net, top, a, b, 1, {0.1}), augmented(net, top, a, b, 1, {0.1, 0, 0, 0, augmentation});
  const std::vector<int64_t> order = Rng(1, "conv_net.split").permutation(70);
  std::vector<int64_t> photographs, glyphs;
  for (int64_t i = 0; i < 63; ++i) (order[static_cast<size_t>(i)] < 30 ? photographs : glyphs).push_back(i);
  const auto loss = [](ConvNetLearner& learner, Tape::Mode mode, Part part, const std::vector<int64_t>& examples) {
    Tape tape(mode);
    tape.set_step(7);
    return *learner.run(tape, part, examples.data(), 6).loss.data();
  };
  const auto train = [&](ConvNetLearner& learner, const std::vector<int64_t>& examples) {
    return loss(learner, Tape::Mode::training, Part::train, examples);
  };
  CHECK(train(augmented, photographs) == train(augmented, photographs));
  CHECK(train(augmented, photographs) != train(as_it_is, photographs));  // dropout is the same for both
  CHECK(train(augmented, glyphs) == train(as_it_is, glyphs));
  for (const Part part : {Part::test, Part::validation, Part::train}) {
    const std::vector<int64_t> first = {0, 1, 2, 3, 4, 5};
    CHECK(loss(augmented, Tape::Mode::inference, part, first) == loss(as_it_is, Tape::Mode::inference, part, first));
  }
  // The displacement is that of the stream.
  const int64_t example = photographs.front();
  Rng rng(1, "conv_net.augmentation");
  Tensor image({32, 32, 3}), displaced({2, 32, 32, 3});
  place_image(a.train, order[static_cast<size_t>(example)], {}, 32, image.data());
  const int64_t size = image.count();
  const ImageMoments moments = image_moments(a.train);
  for (const int64_t i : {0, 1}) {
    rng.set_position({((7u << 20) + static_cast<uint64_t>(i)) * 64});
    const Displacement displacement = draw_displacement(augmentation, {}, rng);
    displace_image(image.data(), {}, displacement, ShiftFill::reflect, displaced.data() + i * size);
    cut_out(displaced.data() + i * size, {}, displacement, 8, moments.mean);
  }
  const int64_t twice[] = {example, example};
  Tape tape(Tape::Mode::training), other(Tape::Mode::training);
  tape.set_step(7);
  other.set_step(7);
  const Learner::BatchResult batch = augmented.run(tape, Part::train, twice, 2);
  IdTensor labels({2});
  std::fill(labels.begin(), labels.end(), a.train.labels[static_cast<size_t>(order[static_cast<size_t>(example)])]);
  const Var logits = top.forward(other, net.forward(other, other.constant(displaced)));
  CHECK(*batch.loss.data() == *softmax_cross_entropy(logits, labels).loss.data());
}

TEST_CASE("an epoch has all photographs and newly drawn glyphs", "[train]") {
  const ImageData a = embedded_objects({3, 2}), b = embedded_glyphs({4, 1});
  ConvNet14 net(1, 1, test::kChannels);
  ConvNet14Top top(net.features(), 20, 1);
  ConvNetTraining training;
  training.validation_split = 0.1;
  training.images_b_per_epoch = 12;
  ConvNetLearner learner(net, top, a, b, 1, training), again(net, top, a, b, 1, training);
  const std::vector<int64_t> order = Rng(1, "conv_net.split").permutation(70);
  const auto photographs = std::count_if(order.begin(), order.begin() + 63, [](int64_t i) { return i < 30; });
  REQUIRE(learner.count(Learner::Part::train) == photographs + 12);
  REQUIRE(learner.count(Learner::Part::validation) == 7);
  // Losses of single examples in inference mode tell the images apart.
  const auto losses = [&](ConvNetLearner& of, int64_t epoch) {
    of.start_epoch(epoch);
    std::vector<real> found;
    for (int64_t i = 0; i < of.count(Learner::Part::train); ++i) {
      Tape tape(Tape::Mode::inference);
      found.push_back(*of.run(tape, Learner::Part::train, &i, 1).loss.data());
    }
    return found;
  };
  const std::vector<real> first = losses(learner, 0), second = losses(learner, 1);
  CHECK(std::equal(first.begin(), first.begin() + photographs, second.begin()));
  CHECK(first != second);
  CHECK(losses(again, 1) == second);  // whatever came before
  CHECK(losses(learner, 0) == first);
  std::vector<real> glyphs(first.begin() + photographs, first.end());
  std::sort(glyphs.begin(), glyphs.end());
  CHECK(std::adjacent_find(glyphs.begin(), glyphs.end()) == glyphs.end());
  training.images_b_per_epoch = 41;
  CHECK(test::error_text([&] { ConvNetLearner(net, top, a, b, 1, training); }).find("at most") != std::string::npos);
}

TEST_CASE("a network with standardised inputs does with an image what it did with the standardised image", "[train]") {
  const ImageData a = embedded_objects({2, 1});
  const ImageMoments moments = image_moments(a.train);
  // By hand over the raw bytes
  double sum = 0;
  for (size_t i = 1; i < a.train.pixels.size(); i += 3) sum += a.train.pixels[i] / 255.0;
  CHECK(moments.mean[1] == Approx(sum / (static_cast<double>(a.train.pixels.size()) / 3)));
  Tensor image({1, 32, 32, 3}), standardised({1, 32, 32, 3});
  place_image(a.train, 0, {}, 32, image.data());
  for (int64_t i = 0; i < image.count(); ++i) {
    standardised[i] = (image[i] - moments.mean[i % 3]) / moments.deviation[i % 3];
  }
  Rng rng(1, "test");
  ConvNet14 net(1), changed(1);
  changed.standardise_inputs(moments.mean, moments.deviation);
  // Away from the edge, where padding is black for one and the mean for the other
  const auto first_convolution = [](ConvNet14& of, const Tensor& x, int64_t o) {
    const Weights weights = of.weights();
    double z = weights.parameters[1]->value[o];
    for (int64_t tap = 0; tap < 9; ++tap) {
      for (int64_t c = 0; c < 3; ++c) {
        z += weights.parameters[0]->value[(tap * 3 + c) * 32 + o] * x[((10 + tap / 3) * 32 + 20 + tap % 3) * 3 + c];
      }
    }
    return z;
  };
  for (const int64_t o : {0, 7, 31}) {
    CHECK(first_convolution(changed, image, o) == Approx(first_convolution(net, standardised, o)).margin(1e-5));
  }
  const real none[3] = {0, 0, 0};
  CHECK_THROWS_AS(changed.standardise_inputs(moments.mean, none), Error);
}

TEST_CASE("pretraining learns from images", "[learn]") {
  const ImageData a = embedded_objects({2, 1}), b = embedded_glyphs({2, 1});
  ConvNet14 net(1, 0, test::kChannels);
  ConvNet14Top top(net.features(), 20, 1, 0);
  ConvNetLearner learner(net, top, a, b, 1, {});
  Adam adam(learner.weights().parameters, {});
  std::vector<double> losses;
  FitSettings settings;
  settings.epochs = 12;
  settings.batch_size = 10;
  settings.seed = 1;
  settings.learning_rate = [](int64_t) { return 3e-3; };
  settings.on_epoch = [&](const EpochReport& report) { losses.push_back(report.train.loss); };
  fit(learner, adam, settings);
  CAPTURE(losses.front(), losses.back());
  CHECK(losses.front() > 2.5);
  CHECK(losses.back() < 0.75 * losses.front());
}

TEST_CASE("a ConvNet is saved in half precision and restored", "[train]") {
  const test::TempFolder folder;
  const std::string path = folder.file("w.safetensors");
  ConvNet14 net(1), other(2);
  const Weights weights = net.weights(), copies = other.weights();
  export_conv_net(path, net, {{"epochs", "3"}});
  CHECK(std::filesystem::file_size(path) < 9'600'000);
  const SafetensorsFile file = read_safetensors(path);
  for (const NamedTensor& tensor : file.tensors) {
    const bool kernel = tensor.value.shape().rank() == 4;
    CHECK(tensor.dtype == (kernel ? "F16" : sizeof(real) == 4 ? "F32" : "F64"));
  }
  const ModelInfo info = import_conv_net(path, other);
  CHECK(info.at("epochs") == "3");
  for (size_t i = 0; i < weights.parameters.size(); ++i) {
    Tensor expected = weights.parameters[i]->value.clone();
    if (expected.shape().rank() == 4) {
      for (real& x : expected) x = static_cast<real>(double_from_half(half_from_double(static_cast<double>(x))));
    }
    CHECK(test::same_bits(copies.parameters[i]->value, expected));
  }
  weights.regularised[3]->value[7] = 70000;
  CHECK(test::error_text([&] { export_conv_net(path, net, {}); }).find("16-bit") != std::string::npos);
  CHECK(read_safetensors(path).tensors.size() == 60);  // the old content stays
}

TEST_CASE("a ConvNet is as wide as its file", "[train]") {
  const test::TempFolder folder;
  const std::string path = folder.file("narrow.safetensors");
  ConvNet14 net(1, 1, 2), published(1);
  export_conv_net(path, net, {{"epochs", "3"}});
  const PretrainedConvNet found = read_conv_net(path, 7);
  CHECK(found.net->features() == 32);
  CHECK(found.info.at("epochs") == "3");
  import_conv_net(path, net);  // rounded as in the file
  CHECK(value_hash(found.net->weights()) == value_hash(net.weights()));
  const uint64_t before = value_hash(published.weights());
  CHECK(test::error_text([&] { import_conv_net(path, published); }).find("[3, 3, 3, 2]") != std::string::npos);
  CHECK(value_hash(published.weights()) == before);
}

TEST_CASE("which images the pretraining held out", "[train]") {
  const ModelInfo info = {{"seed", "3"}, {"validation_split", "0.1"}, {kImagesHashKey, "0123"}};
  const std::vector<bool> held_out = held_out_images(info, 70, "0123");
  const std::vector<int64_t> order = Rng(3, "conv_net.split").permutation(70);
  REQUIRE(held_out.size() == 70);
  for (size_t i = 0; i < 70; ++i) CHECK(held_out[static_cast<size_t>(order[i])] == (i >= 63));

  CHECK(test::error_text([&] { held_out_images(info, 70, "4567"); }).find("images other than these") !=
        std::string::npos);
  for (const char* key : {"seed", "validation_split", kImagesHashKey}) {
    ModelInfo lacking = info;
    lacking.erase(key);
    CHECK(test::error_text([&] { held_out_images(lacking, 70, "0123"); }).find("found no ") != std::string::npos);
  }
  ModelInfo continued = info;
  continued["start_hash"] = "89ab";
  CHECK(test::error_text([&] { held_out_images(continued, 70, "0123"); }).find("started from other weights") !=
        std::string::npos);
}

TEST_CASE("a file without a ConvNet is refused by name", "[bad]") {
  const test::TempFolder folder;
  const std::string path = folder.file("other.safetensors");
  const Tensor weight({2});
  write_safetensors(path, {{"model", "hmem_qa"}}, {{"weight", weight.view()}});
  ConvNet14 net(1);
  const std::string message = test::error_text([&] { import_conv_net(path, net); });
  CHECK(message.find(path + ": model: found hmem_qa, expected convnet14") == 0);
  write_safetensors(path, {{"model", "convnet14"}}, {{"weight", weight.view()}});
  CHECK(test::error_text([&] { import_conv_net(path, net); }).find("no tensor 'convnet14.block1") != std::string::npos);
  CHECK(test::error_text([&] { read_conv_net(path, 1); }).find("no tensor 'convnet14.block1") != std::string::npos);
}

TEST_CASE("where a pretrained ConvNet is found", "[data]") {
  const test::TempFolder folder, data;
  const std::string general = data.file("weights/convnet14.safetensors"),
                    small = data.file("weights/convnet14_embedded.safetensors");
  CHECK(find_conv_net("given", "", true) == "given");
  data.write("weights/convnet14.safetensors", "");
  CHECK(find_conv_net("", data.path().string(), false) == general);
  const test::Surroundings surroundings(data.path().string(), data.path());
  CHECK(find_conv_net("", folder.path().string(), false) == general);
  data.write("weights/convnet14_embedded.safetensors", "");
  CHECK(find_conv_net("", folder.path().string(), false) == general);
  CHECK(find_conv_net("", "embedded", true) == small);
}

}  // namespace
}  // namespace hmem
