// What most files of the library include. g++ reads it precompiled (see the Makefile), which is faster; every file
// still includes what it needs, since other compilers and builds do without.
#ifndef HMEM_PRECOMPILED_H  // and not a pragma: the header is precompiled by itself
#define HMEM_PRECOMPILED_H

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iostream>
#include <limits>
#include <map>
#include <memory>
#include <numeric>
#include <optional>
#include <ostream>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#endif
