// Any bytes are either bAbI stories, whose ids are all in range, or an hmem::Error: nothing else may happen.
//
// With libFuzzer:     clang++ ... -fsanitize=fuzzer,address
// Without it:         -DHMEM_FUZZ_STANDALONE; the program mutates its own seeds; its argument is the time in seconds.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <sstream>
#include <string>

#include "hmem/core/check.h"
#include "hmem/data/babi/vectorise.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

using namespace hmem;

void require(bool condition) {
  if (!condition) std::abort();
}

void require_in_range(const BabiTask& task, const BabiDataset& data) {
  const auto held = static_cast<int64_t>(data.story_sentences.size());
  require(data.questions.size(0) == data.count() && data.answers.size() == data.examples.size());
  for (const BabiDataset::Example& example : data.examples) {
    require(0 <= example.begin && example.begin <= example.end && example.end <= held);
    require(example.end - example.begin <= task.max_num_sentences);
  }
  for (const int32_t row : data.story_sentences) require(row >= 0 && row < task.sentences.size(0));
  for (const int32_t id : data.questions) require(id >= 0 && id <= task.vocabulary.words());
  for (const int32_t id : data.answers) require(id == -1 || (id >= 1 && id <= task.vocabulary.words()));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    // A form feed, which is in no story, separates training and test file; without one they are the same.
    const std::string bytes(reinterpret_cast<const char*>(data), size);
    const size_t cut = bytes.find('\f') == std::string::npos ? size : bytes.find('\f');
    std::istringstream train_text(bytes.substr(0, cut));
    const BabiStories train = parse_babi(train_text, "train");
    std::istringstream test_text(cut == size ? bytes : bytes.substr(cut + 1));
    const BabiStories test = parse_babi(test_text, "test");
    for (int choice = 0; choice < 8; ++choice) {
      BabiOptions options;
      options.max_num_sentences = (choice & 1) != 0 ? 2 : -1;
      options.keep_latest = (choice & 2) != 0;
      options.separate_test = (choice & 4) != 0;
      try {
        const BabiTask task = vectorise_babi(train, test, options);
        for (const int32_t id : task.sentences) require(id >= 0 && id <= task.vocabulary.words());
        require_in_range(task, task.train);
        require_in_range(task, task.test);
      } catch (const Error&) {  // another choice may still be possible
      }
    }
  } catch (const Error&) {
  }
  return 0;
}

#ifdef HMEM_FUZZ_STANDALONE

#include "fuzz/standalone.h"

int main(int argc, char** argv) {
  return hmem::test::fuzz_standalone(
      argc, argv,
      {"1 Mary moved to the bathroom.\n2 John went to the hallway.\n3 Where is Mary? \tbathroom\t1\n",
       "1 Mice are afraid of wolves.\r\n2 Emily is a mouse.\r\n3 What is emily afraid of?\twolf\t2 1\r\n",
       "1 A, b.\n2 Who?\tc,d\n1 E.\n2 F.\n3 G.\n4 Who?\tc\t3\n\f1 Z.\n2 Who is who is who?\tx",
       "\xEF\xBB\xBF\n1 \xC3\xA9t\xC3\xA9.\n2 O\xC3\xB9?\tici\n\n"});
}

#endif
