#include "hmem/data/images/folder.h"

#include <algorithm>
#include <cctype>
#include <cstring>

#include "data/images/file_bytes.h"
#include "hmem/core/check.h"
#include "hmem/core/files.h"
#include "hmem/core/parallel.h"
#include "hmem/data/images/decode.h"
#include "hmem/data/search.h"

namespace hmem {

namespace fs = std::filesystem;

namespace {

constexpr uint64_t kMaxPicture = uint64_t{64} << 20;
constexpr uint64_t kMaxPixels = uint64_t{1} << 36;

bool is_picture(const fs::path& path) {
  std::string ending = path.extension().string();
  std::transform(ending.begin(), ending.end(), ending.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return ending == ".jpg" || ending == ".jpeg" || ending == ".png" || ending == ".bmp";
}

std::vector<std::string> classes_in(const fs::path& part) {
  HMEM_CHECK(is_folder(part), part.string(), ": there is no such folder, expected DIR/train/<class>/* and ",
             "DIR/test/<class>/* of JPEG, PNG or BMP files");
  std::vector<std::string> classes;
  for (const std::string& name : names_in(part)) {
    if (is_folder(part / name)) classes.push_back(name);
  }
  HMEM_CHECK(classes.size() >= 2, part.string(), ": found ", classes.size(),
             classes.size() == 1 ? " folder of a class" : " folders of classes", ", expected at least 2");
  return classes;
}

std::vector<ImageFolder::File> files_of(ImageFolder& listed, const std::string& part) {
  std::vector<ImageFolder::File> files;
  for (size_t c = 0; c < listed.class_names.size(); ++c) {
    const std::string below = part + "/" + listed.class_names[c];
    const size_t before = files.size();
    for (const std::string& name : names_in(listed.folder / below)) {
      ImageFolder::File file;
      file.name = below + "/" + name;
      const fs::path path = listed.folder / file.name;
      if (!is_picture(path)) {
        ++listed.others;
        continue;
      }
      std::error_code error;
      file.size = fs::file_size(path, error);
      if (!error) file.modified = fs::last_write_time(path, error).time_since_epoch().count();
      HMEM_CHECK(!error, path.string(), ": cannot be read: ", error.message());
      file.label = static_cast<int32_t>(c);
      files.push_back(std::move(file));
    }
    HMEM_CHECK(files.size() > before, (listed.folder / below).string(),
               ": holds no .jpg, .jpeg, .png or .bmp file, expected some of every class");
  }
  return files;
}

/// Decodes `files` into `set`, which has its sizes; returns how many had another size.
int64_t decode_part(const fs::path& folder, const std::vector<ImageFolder::File>& files, const ImageSize& size,
                    ImageSet& set, const ShowProgress& show) {
  constexpr int64_t kPiece = 512;  // decoded between two calls of `show`
  const auto count = static_cast<int64_t>(files.size());
  HMEM_CHECK(static_cast<uint64_t>(count) <= kMaxPixels / static_cast<uint64_t>(set.image_size()), folder.string(),
             ": ", count, " images of ", set.image_size(), " bytes are too many");
  set.pixels.resize(static_cast<size_t>(count * set.image_size()));
  std::vector<std::string> errors(files.size());
  std::vector<char> resized(files.size(), 0);
  const auto decode = [&](int64_t i) {
    const auto at = static_cast<size_t>(i);
    const std::string path = (folder / files[at].name).string();
    try {
      DecodedImage image = decode_image(read_file(path, kMaxPicture), size.channels, path);
      if (image.height != size.height || image.width != size.width) {
        image = resize_image(image, size.height, size.width);
        resized[at] = 1;
      }
      std::memcpy(set.pixels.data() + i * set.image_size(), image.pixels.data(), image.pixels.size());
    } catch (const Error& error) {  // the first file in order is reported, whichever thread fails first
      errors[at] = error.what();
    }
  };
  if (show) show(0, count);
  for (int64_t begin = 0; begin < count; begin += kPiece) {
    const int64_t n = std::min(kPiece, count - begin);
    parallel_for(n, 16, [&](int64_t i) { decode(begin + i); });
    if (show) show(begin + n, count);
  }
  errors.erase(std::remove(errors.begin(), errors.end(), ""), errors.end());
  if (!errors.empty()) {
    const size_t more = errors.size() - 1;
    fail(errors[0], more > 0 ? " (and " + std::to_string(more) + " more files like it)" : "");
  }
  return std::count(resized.begin(), resized.end(), 1);
}

}  // namespace

bool holds_image_folder(const fs::path& folder) { return is_folder(folder / "train") && is_folder(folder / "test"); }

ImageFolder list_image_folder(const fs::path& folder) {
  HMEM_CHECK(is_folder(folder), folder.string(), ": there is no such folder");
  ImageFolder listed;
  listed.folder = folder;
  listed.class_names = classes_in(folder / "train");
  const std::vector<std::string> test_classes = classes_in(folder / "test");
  for (const std::string& name : listed.class_names) {
    HMEM_CHECK(std::binary_search(test_classes.begin(), test_classes.end(), name), (folder / "test").string(),
               ": class '", name, "' of train is missing, expected the same classes in both");
  }
  for (const std::string& name : test_classes) {
    HMEM_CHECK(std::binary_search(listed.class_names.begin(), listed.class_names.end(), name),
               (folder / "train").string(), ": class '", name,
               "' of test is missing, expected the same classes in both");
  }
  listed.train = files_of(listed, "train");
  listed.test = files_of(listed, "test");
  return listed;
}

ImageData without_pixels(const ImageFolder& listed, const ImageSize& size) {
  ImageData data;
  data.class_names = listed.class_names;
  const auto set_up = [&size](const std::vector<ImageFolder::File>& files, ImageSet& set) {
    set.height = size.height, set.width = size.width, set.channels = size.channels;
    for (const ImageFolder::File& file : files) set.labels.push_back(file.label);
  };
  set_up(listed.train, data.train);
  set_up(listed.test, data.test);
  return data;
}

ImageData decode_image_folder(const ImageFolder& listed, const ImageSize& size, const ShowProgress& show) {
  HMEM_CHECK(size.height >= 1 && size.width >= 1 && size.height <= kMaxImageSide && size.width <= kMaxImageSide &&
                 (size.channels == 1 || size.channels == 3),
             "images cannot be resized to ", size.height, " x ", size.width, " x ", size.channels,
             ", expected sides of 1 to ", kMaxImageSide, " and 1 or 3 channels");
  ImageData data = without_pixels(listed, size);
  const int64_t resized = decode_part(listed.folder, listed.train, size, data.train, show) +
                          decode_part(listed.folder, listed.test, size, data.test, show);
  if (resized > 0) {
    data.note = std::to_string(resized) + " of " + std::to_string(listed.train.size() + listed.test.size()) +
                " images resized to " + std::to_string(size.height) + " x " + std::to_string(size.width);
  }
  if (listed.others > 0) {
    data.note += std::string(data.note.empty() ? "" : "; ") + "other files ignored: " + std::to_string(listed.others);
  }
  check_images(data, listed.folder.string());
  return data;
}

}  // namespace hmem
