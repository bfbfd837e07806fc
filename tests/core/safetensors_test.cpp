#include "hmem/core/safetensors.h"

#include <sys/stat.h>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "catch.h"
#include "hmem/core/check.h"
#include "support/error_text.h"
#include "support/safetensors_bytes.h"
#include "support/temp_folder.h"

namespace hmem {
namespace {

using test::safetensors_bytes;

template <typename T>
std::string bytes_of(const std::vector<T>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
}

/// One tensor `a` of type and shape, with `values` as its data.
template <typename T>
std::string one_tensor(const std::string& dtype, const std::string& shape, const std::vector<T>& values) {
  const std::string data = bytes_of(values);
  return safetensors_bytes(R"({"a":{"dtype":")" + dtype + R"(","shape":)" + shape + R"(,"data_offsets":[0,)" +
                               std::to_string(data.size()) + "]}}",
                           data);
}

std::vector<real> values_of(const std::string& bytes) {
  const SafetensorsFile file = parse_safetensors(bytes, "memory");
  return {file.tensors.at(0).value.begin(), file.tensors.at(0).value.end()};
}

std::string message(const std::string& bytes) {
  return test::error_text([&] { parse_safetensors(bytes, "model.safetensors"); });
}

/// A header with one F32 tensor of the given shape and offsets and four bytes of data.
std::string with_layout(const std::string& shape, const std::string& offsets) {
  return safetensors_bytes(R"({"a":{"dtype":"F32","shape":)" + shape + R"(,"data_offsets":)" + offsets + "}}", "1234");
}

TEST_CASE("every flipped bit of a file is noticed", "[core][bad]") {
  const test::TempFolder folder;
  const std::string path = folder.file("model");
  Tensor weight(Shape{5}), half(Shape{3});
  for (int64_t i = 0; i < 5; ++i) weight[i] = static_cast<real>(i) / 7;
  write_safetensors(path, {{"vocabulary", "garden office"}}, {{"w", weight.view()}, {"h", half.view(), true}});
  const std::string good = test::read_file(path);
  CHECK(parse_safetensors(good, "m").has_checksum);
  CHECK(parse_safetensors(good, "m").metadata == std::map<std::string, std::string>{{"vocabulary", "garden office"}});
  for (size_t bit = 0; bit < 8 * good.size(); ++bit) {
    std::string bad = good;
    bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ (1 << bit % 8));
    try {
      // What JSON reads as before (a blank in place of a blank) may pass, and so may a file without the checksum's key.
      const SafetensorsFile file = parse_safetensors(bad, "m");
      INFO("bit " << bit % 8 << " of byte " << bit / 8);
      CHECK((!file.has_checksum || (file.metadata.at("vocabulary") == "garden office" && file.find("w") != nullptr &&
                                    std::memcmp(file.find("w")->data(), weight.data(), 5 * sizeof(real)) == 0)));
    } catch (const Error&) {
    }
  }
}

TEST_CASE("the checksum does not depend on the order of the tensors", "[core]") {
  const test::TempFolder folder;
  const auto checksum_of = [&](const std::vector<NamedView>& tensors) {
    write_safetensors(folder.file("m"), {}, tensors);
    const std::string bytes = test::read_file(folder.file("m"));
    return bytes.substr(bytes.find("checksum"), 30);
  };
  Tensor a(Shape{2}), b(Shape{3});
  a[1] = 1;
  CHECK(checksum_of({{"a", a.view()}, {"b", b.view()}}) == checksum_of({{"b", b.view()}, {"a", a.view()}}));
  CHECK(checksum_of({{"a", a.view()}, {"b", b.view()}}) != checksum_of({{"b", a.view()}, {"a", b.view()}}));
}

TEST_CASE("what is written is read back unchanged", "[core]") {
  const test::TempFolder folder;
  const std::string path = folder.file("model.safetensors");
  Tensor weight(Shape{2, 3}), scalar(Shape{}), empty(Shape{0, 4});
  for (int64_t i = 0; i < weight.count(); ++i) weight[i] = static_cast<real>(i) / 3;
  scalar[0] = std::numeric_limits<real>::infinity();
  const std::map<std::string, std::string> metadata = {{"words", "caf\xc3\xa9 \"x\"\n"}, {"epoch", "3"}, {"", ""}};
  write_safetensors(path, metadata, {{"z.weight", weight.view()}, {"a \"b\"", scalar.view()}, {"none", empty.view()}});

  const SafetensorsFile file = read_safetensors(path);
  CHECK(file.metadata == metadata);
  REQUIRE(file.tensors.size() == 3);
  CHECK(file.tensors[0].name == "z.weight");
  CHECK(file.tensors[0].dtype == (sizeof(real) == 4 ? "F32" : "F64"));
  CHECK(file.tensors[0].value.shape() == Shape{2, 3});
  CHECK(std::equal(weight.begin(), weight.end(), file.tensors[0].value.begin()));
  REQUIRE(file.find("a \"b\"") != nullptr);
  CHECK(file.find("a \"b\"")->shape() == Shape{});
  CHECK((*file.find("a \"b\""))[0] == scalar[0]);
  CHECK(file.find("none")->shape() == Shape{0, 4});
  CHECK(file.find("missing") == nullptr);

  const std::string bytes = test::read_file(path);
  const SafetensorsFile parsed = parse_safetensors(bytes, "memory");
  CHECK(parsed.metadata == metadata);
  CHECK(parsed.tensors.size() == 3);
  uint64_t header_length = 0;
  std::memcpy(&header_length, bytes.data(), 8);
  CHECK(header_length % 8 == 0);
}

TEST_CASE("a file without metadata or without tensors is valid", "[core]") {
  const test::TempFolder folder;
  const std::string path = folder.file("empty.safetensors");
  write_safetensors(path, {}, {});
  CHECK(test::read_file(path) == safetensors_bytes(R"({"__metadata__":{"checksum":"0000000000000000"}})"));
  CHECK(read_safetensors(path).tensors.empty());
  write_safetensors(path, {{"a", "b"}}, {});
  CHECK(read_safetensors(path).metadata.at("a") == "b");
}

TEST_CASE("all stored types become real", "[core]") {
  CHECK(values_of(one_tensor<float>("F32", "[2]", {0.1f, -2.0f})) == std::vector<real>{real(0.1f), -2});
  CHECK(values_of(one_tensor<double>("F64", "[2]", {0.1, -2.0})) == std::vector<real>{real(0.1), -2});
  CHECK(values_of(one_tensor<int32_t>("I32", "[1,2]", {-3, 1 << 24})) == std::vector<real>{-3, real(1 << 24)});
  CHECK(values_of(one_tensor<int64_t>("I64", "[2,1]", {-3, 7})) == std::vector<real>{-3, 7});
  CHECK(values_of(one_tensor<uint16_t>("BF16", "[2]", {0x3f80, 0xc049})) == std::vector<real>{1, real(-3.140625)});
  // 1, -2, largest, smallest subnormal, largest subnormal, minus zero
  const std::vector<real> halves =
      values_of(one_tensor<uint16_t>("F16", "[6]", {0x3c00, 0xc000, 0x7bff, 0x0001, 0x03ff, 0x8000}));
  CHECK(halves == std::vector<real>{1, -2, 65504, real(0x1p-24), real(1023 * 0x1p-24), 0});
  CHECK(std::signbit(halves[5]));
  const std::vector<real> special = values_of(one_tensor<uint16_t>("F16", "[3]", {0x7c00, 0xfc00, 0x7e00}));
  CHECK(special[0] == std::numeric_limits<real>::infinity());
  CHECK(special[1] == -std::numeric_limits<real>::infinity());
  CHECK(std::isnan(special[2]));
  const double infinity = std::numeric_limits<double>::infinity();
  CHECK(values_of(one_tensor<double>("F64", "[1]", {infinity}))[0] == std::numeric_limits<real>::infinity());
}

TEST_CASE("a tensor longer than one block of the conversion is read completely", "[core]") {
  std::vector<double> values(10001);
  for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<double>(i);
  const std::vector<real> read = values_of(one_tensor("F64", "[10001]", values));
  REQUIRE(read.size() == values.size());
  CHECK(std::equal(read.begin(), read.end(), values.begin()));
}

TEST_CASE("values that do not fit are refused", "[core][bad]") {
  const int64_t too_fine = (int64_t{1} << std::numeric_limits<real>::digits) + 1;
  CHECK(message(one_tensor<int64_t>("I64", "[2]", {0, too_fine})).find("'a', element 1: found ") != std::string::npos);
  CHECK(message(one_tensor<int64_t>("I64", "[1]", {std::numeric_limits<int64_t>::min()})).find("element 0") !=
        std::string::npos);
  if (sizeof(real) == 4)
    CHECK(message(one_tensor<double>("F64", "[1]", {-1e300})).find("-1e+300") != std::string::npos);
}

TEST_CASE("wrong header lengths are refused", "[core][bad]") {
  for (const uint64_t length : {uint64_t{0}, uint64_t{1}, uint64_t{3}, uint64_t{100'000'001}, uint64_t{1} << 40,
                                uint64_t{1} << 63, ~uint64_t{0}}) {
    CHECK(message(safetensors_bytes("{}", "", length)) == "model.safetensors, byte 0: found a header length of " +
                                                              std::to_string(length) +
                                                              ", expected 2..2: not a safetensors file, or truncated");
  }
  CHECK(message("") == "model.safetensors: found 0 bytes, expected a safetensors file of at least 8");
  CHECK(message("1234567").find("found 7 bytes") != std::string::npos);
}

TEST_CASE("headers that are not a JSON object of the format are refused", "[core][bad]") {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"[]", "byte 8: found '[', expected '{'"},
      {" {}", "byte 8: found ' ', expected '{'"},
      {"\xef\xbb\xbf{}", "byte 8: found '\\xef', expected '{'"},
      {"{\"a\":", "byte 13: found invalid JSON in the header"},
      {"{}{}", "byte 10: found invalid JSON"},
      {"{\"\xff\":{}}", "found invalid JSON"},
      {R"({"a":{"dtype":1e999}})", "found invalid JSON"},
      {R"({"a":1})", "'a': found 1, expected an object"},
      {R"({"a":[1]})", "'a': found a list, expected an object"},
      {R"({"a":null})", "'a': found null, expected an object"},
      {R"({"a":"F32"})", "'a': found 'F32', expected an object"},
      {R"({"a":{}})", "tensor 'a': found no dtype, expected one"},
      {R"({"a":{"dtype":"F32"}})", "tensor 'a': found no shape, expected one"},
      {R"({"a":{"dtype":"F32","shape":[]}})", "tensor 'a': found no data_offsets, expected one"},
      {R"({"a":{"dtype":4}})", "field 'dtype': found 4, expected text"},
      {R"({"a":{"dtype":["F32"]}})", "field 'dtype': found a list, expected text"},
      {R"({"a":{"shape":"1"}})", "field 'shape': found '1', expected a list of integers"},
      {R"({"a":{"shape":[[1]]}})", "field 'shape': found a list, expected integers"},
      {R"({"a":{"shape":[-1]}})", "field 'shape': found -1, expected integers that are not negative"},
      {R"({"a":{"shape":[1.5]}})", "field 'shape': found '1.5', expected integers"},
      {R"({"a":{"shape":[1e3]}})", "field 'shape': found '1e3', expected integers"},
      {R"({"a":{"shape":[true]}})", "field 'shape': found true or false, expected integers"},
      {R"({"a":{"shape":["1"]}})", "field 'shape': found '1', expected integers"},
      {R"({"a":{"shape":[9223372036854775808]}})", "found 9223372036854775808, expected integers"},
      {R"({"a":{"shape":[99999999999999999999]}})", "found '99999999999999999999', expected integers"},
      {R"({"a":{"shape":[1,1,1,1,1]}})", "found more than 4 numbers, expected at most 4"},
      {R"({"a":{"extra":1}})", "field 'extra': found an unknown field"},
      {R"({"a":{"dtype":"F32","dtype":"F32"}})", "field 'dtype': found this field twice"},
      {R"({"a":{"dtype":"F32","shape":[],"data_offsets":[0,0]},"a":{}})", "found the name 'a' twice"},
      {R"({"__metadata__":{},"__metadata__":{}})", "found the name '__metadata__' twice"},
      {R"({"__metadata__":{"k":1}})", "metadata 'k': found 1, expected text"},
      {R"({"__metadata__":{"k":{}}})", "metadata 'k': found an object, expected text"},
      {R"({"__metadata__":{"k":"","k":""}})", "metadata 'k': found this key twice"},
      {R"({"__metadata__":"x"})", "'__metadata__': found 'x', expected an object"},
  };
  for (const auto& [header, expected] : cases) {
    const std::string found = message(safetensors_bytes(header));
    CAPTURE(header, found, expected);
    CHECK(found.find("model.safetensors") == 0);
    CHECK(found.find(expected) != std::string::npos);
    CHECK(found.find('\n') == std::string::npos);
  }
}

TEST_CASE("very deep nesting and very long names do no harm", "[core][bad]") {
  const std::string deep(1'000'000, '[');
  std::string objects;
  for (int i = 0; i < 100'000; ++i) objects += "{\"shape\":";
  CHECK(message(safetensors_bytes("{\"a\":" + deep)).find("found a list, expected an object") != std::string::npos);
  CHECK(message(safetensors_bytes("{\"a\":{\"shape\":" + deep)).find("found a list, expected integers") !=
        std::string::npos);
  CHECK(message(safetensors_bytes(objects)).find("found an object, expected a list of integers") != std::string::npos);
  CHECK(message(safetensors_bytes("{\"" + std::string(1'000'000, 'x') + "\":1}")).size() < 300);
  CHECK(message(safetensors_bytes("{\"a\\u0000\\n\":1}")).find("'a\\x00\\n': found 1") != std::string::npos);
}

TEST_CASE("inconsistent types, shapes and offsets are refused", "[core][bad]") {
  CHECK(message(safetensors_bytes(R"({"a":{"dtype":"BF17","shape":[2],"data_offsets":[0,4]}})", "1234")) ==
        "model.safetensors, tensor 'a': found dtype 'BF17', expected F16, BF16, F32, F64, I32 or I64");
  CHECK(message(with_layout("[2]", "[0,4]")) ==
        "model.safetensors, tensor 'a': found data_offsets of 4 bytes, expected 8 for shape [2] of F32");
  const std::string huge = "9223372036854775807";
  for (const std::string& shape : {"[" + huge + "]", "[" + huge + ",2]", std::string("[4294967296,4294967296]"),
                                   std::string("[2147483648,2147483648,4]"), "[0," + huge + "," + huge + "]"}) {
    CAPTURE(shape);
    CHECK(message(with_layout(shape, "[0,4]")).find("found a shape with more than 2^46 elements") != std::string::npos);
  }
  for (const std::string offsets : {"[]", "[0]", "[0,4,4]", "[4,0]"}) {
    CAPTURE(offsets);
    CHECK(message(with_layout("[1]", offsets)).find("must be a start and an end") != std::string::npos);
  }
  CHECK(message(with_layout("[1]", "[" + huge + "," + huge + "]")).find("found data_offsets of 0 bytes, expected 4") !=
        std::string::npos);
  CHECK(message(with_layout("[1]", "[4,8]")).find("found its data at offset 4, expected 0") != std::string::npos);
}

TEST_CASE("the tensors cover the data exactly", "[core][bad]") {
  const auto two = [](const std::string& first, const std::string& second, size_t bytes) {
    return message(safetensors_bytes(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":)" + first +
                                         R"(},"b":{"dtype":"F32","shape":[1],"data_offsets":)" + second + "}}",
                                     std::string(bytes, '\0')));
  };
  CHECK(two("[0,4]", "[4,8]", 8) == "(nothing was thrown)");
  CHECK(two("[4,8]", "[0,4]", 8) == "(nothing was thrown)");
  CHECK(two("[0,4]", "[0,4]", 4)
            .find("'b': found its data at offset 0, expected 4: the parts must follow each other "
                  "without overlap") != std::string::npos);
  CHECK(two("[0,4]", "[2,6]", 6).find("without overlap") != std::string::npos);
  CHECK(two("[0,4]", "[5,9]", 9).find("without gap") != std::string::npos);
  CHECK(two("[0,4]", "[4,8]", 7)
            .find("found the end of the file after 7 bytes of data, expected 8: the file is "
                  "truncated") != std::string::npos);
  CHECK(two("[0,4]", "[4,8]", 9).find("found 1 bytes after the last tensor") != std::string::npos);
  CHECK(message(safetensors_bytes("{}", "x")).find("found 1 bytes after the last tensor") != std::string::npos);
}

TEST_CASE("a file truncated at any byte is refused", "[core][bad]") {
  const test::TempFolder folder;
  const std::string path = folder.file("model.safetensors");
  Tensor weight(Shape{3, 2});
  write_safetensors(path, {{"epoch", "1"}}, {{"weight", weight.view()}});
  const std::string bytes = test::read_file(path);
  for (size_t length = 0; length < bytes.size(); ++length) {
    CAPTURE(length);
    CHECK_THROWS_AS(parse_safetensors(bytes.substr(0, length), "cut"), Error);
  }
  const std::string cut = folder.write("cut.safetensors", bytes.substr(0, bytes.size() - 1));
  CHECK(test::error_text([&] { read_safetensors(cut); }).find(cut + ", byte ") == 0);
}

TEST_CASE("paths that are not files are refused", "[core][bad]") {
  const test::TempFolder folder;
  const std::string missing = folder.file("missing");
  CHECK(test::error_text([&] { read_safetensors(missing); }) ==
        "cannot read '" + missing + "': No such file or directory");
  CHECK(test::error_text([&] { read_safetensors(folder.path().string()); }).find("not a regular file") !=
        std::string::npos);
  const std::string pipe = folder.file("pipe");
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);  // opening it would block forever
  CHECK(test::error_text([&] { read_safetensors(pipe); }).find("not a regular file") != std::string::npos);
}

TEST_CASE("what the format cannot hold is not written", "[core][bad]") {
  const test::TempFolder folder;
  const std::string path = folder.file("model.safetensors");
  const Tensor weight(Shape{1});
  CHECK_THROWS_AS(write_safetensors(path, {}, {{"a", weight.view()}, {"a", weight.view()}}), Error);
  CHECK_THROWS_AS(write_safetensors(path, {}, {{"__metadata__", weight.view()}}), Error);
  CHECK_THROWS_AS(write_safetensors(path, {}, {{"\xff", weight.view()}}), Error);
  CHECK_THROWS_AS(write_safetensors(path, {{"k", "\xff"}}, {}), Error);
  CHECK(std::filesystem::is_empty(folder.path()));
}

TEST_CASE("tensors can be written in half precision", "[core]") {
  const test::TempFolder folder;
  const std::string path = folder.file("half.safetensors");
  Tensor third(Shape{3}), large(Shape{1});
  third[0] = real(1) / 3, third[1] = -2, third[2] = std::numeric_limits<real>::infinity();
  large[0] = 65520;
  write_safetensors(path, {}, {{"h", third.view(), true}, {"r", third.view()}});
  const SafetensorsFile file = read_safetensors(path);
  CHECK(file.tensors.at(0).dtype == "F16");
  CHECK(file.find("h")->data()[0] == real(0.333251953125));
  CHECK(file.find("h")->data()[2] == third[2]);
  CHECK(file.find("r")->data()[0] == third[0]);
  const std::string text = test::error_text([&] { write_safetensors(path, {}, {{"large", large.view(), true}}); });
  CHECK(text == "tensor 'large', element 0: found 65520, expected a value that 16-bit floating point can hold");
  CHECK(read_safetensors(path).tensors.size() == 2);
}

}  // namespace
}  // namespace hmem
