// Course, chapter 5: plain writing and read-before-write, with one unit for each word; `solutions`: those of the
// exercises.

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <map>
#include <string>
#include <vector>

using Words = std::map<std::string, double>;  // a vector: word -> activity
struct Fact {
  std::string text;
  Words key, value;
};
using Story = std::vector<Fact>;

/// M^T k: what is stored under the words of the key.
Words read(const std::map<std::string, Words>& m, const Words& key) {
  Words found;
  for (const auto& [word, k] : key) {
    if (m.count(word) == 0) continue;
    for (const auto& [other, x] : m.at(word)) found[other] += k * x;
  }
  return found;
}

std::string text_of(const Words& words) {
  std::string text;
  for (const auto& [word, x] : words)
    text += (text.empty() ? "" : ", ") + word + " " + std::to_string(static_cast<int>(x));
  return text.empty() ? "nothing" : text;
}

/// Writes outer products, M += k v^T; with read-before-write v' = v + M^T k takes the place of v. Then reads `hops`
/// times; what is read is the next key.
Words answer(const Story& story, const Words& question, int hops, bool read_first, bool print = false) {
  std::map<std::string, Words> m;
  for (const Fact& fact : story) {
    Words value = fact.value;
    if (read_first) {
      const Words found = read(m, fact.key);
      if (print) std::printf("  %-30s finds %s\n", fact.text.c_str(), text_of(found).c_str());
      for (const auto& [word, x] : found) value[word] += x;
    }
    for (const auto& [word, k] : fact.key) {
      for (const auto& [other, x] : value) m[word][other] += k * x;
    }
  }
  Words key = question;
  for (int hop = 1; hop <= hops; ++hop) {
    key = read(m, key);
    if (print) std::printf("  read %d: %s\n", hop, text_of(key).c_str());
  }
  return key;
}

/// Prints the smallest number of reads that finds the word.
void print_reads(const std::string& what, const Story& story, const Words& question, const std::string& word) {
  int reads[2] = {1, 1};
  for (const int first : {0, 1}) {
    while (answer(story, question, reads[first], first == 1).count(word) == 0) ++reads[first];
  }
  std::printf("%-56s  plain %d, read-before-write %d\n", what.c_str(), reads[0], reads[1]);
}

Fact likes(const std::string& who, const std::string& whom) {
  return {who + " likes what " + whom + " likes.", {{who, 1}, {whom, 1}}, {{whom, 1}}};
}
Fact is_a(const std::string& who, const std::string& kind) {
  return {who + " is a " + kind + ".", {{who, 1}, {kind, 1}}, {{who, 1}, {kind, 1}}};
}
Fact is(const std::string& who, const std::string& what) {
  return {who + " is " + what + ".", {{who, 1}}, {{what, 1}}};
}

int main(int argc, char** argv) {
  const Story chain = {{"Ann likes red.", {{"Ann", 1}}, {{"red", 1}}}, likes("Bob", "Ann"), likes("Cleo", "Bob")};
  const Words cleo = {{"Cleo", 1}}, brian = {{"Brian", 1}};
  if (argc < 2 || std::strcmp(argv[1], "solutions") != 0) {
    std::printf("What does Cleo like? Plain:\n"), answer(chain, cleo, 3, false, true);
    std::printf("Read before write:\n"), answer(chain, cleo, 1, true, true);
    std::vector<Fact> facts = {is_a("Bernhard", "lion"), is("Bernhard", "white"), is_a("Brian", "lion")};
    std::printf("What colour is Brian? Plain:\n"), answer(facts, brian, 3, false, true);
    std::printf("Reads needed for Brian's colour:\n");
    const auto by_text = [](const Fact& a, const Fact& b) { return a.text < b.text; };
    do print_reads(facts[0].text + " " + facts[1].text + " " + facts[2].text, facts, brian, "white");
    while (std::next_permutation(facts.begin(), facts.end(), by_text));
    return 0;
  }
  Story longer = chain;
  longer.push_back(likes("Dora", "Cleo"));
  print_reads("1. Dora", longer, {{"Dora", 1}}, "red");
  std::reverse(longer.begin(), longer.end()), print_reads("2. told backwards", longer, {{"Dora", 1}}, "red");
  std::printf("3. Bernhard is white and Lily is gray:\n");
  longer = {is_a("Bernhard", "lion"), is("Bernhard", "white"), is_a("Lily", "swan"), is("Lily", "gray"),
            is_a("Brian", "lion")};
  answer(longer, brian, 3, false, true);
}
