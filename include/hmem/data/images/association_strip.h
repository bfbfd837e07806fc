#pragma once
/// \file association_strip.h
/// Examples of image association as pictures, to look at.

#include <cstdint>
#include <string>
#include <vector>

#include "hmem/data/images/association.h"
#include "hmem/data/images/decode.h"

namespace hmem {

/// Pixels of white between the frames of a strip, before it is enlarged.
constexpr int64_t kStripGap = 4;

/// The frames of an example from left to right, then its query, every pixel `scale` x `scale` times. Throws Error for
/// an invalid example number.
DecodedImage association_strip(const AssociationExamples& examples, const AssociationRenderer& renderer,
                               int64_t example, int64_t scale);

/// Writes the first `count` examples (or all, where there are fewer) as FOLDER/example0_answer_7.png and so on, with
/// the name of the answer's class; makes the folder. Throws Error; in a build without stb before anything is written.
void write_association_strips(const std::string& folder, const AssociationExamples& examples,
                              const AssociationRenderer& renderer, const std::vector<std::string>& class_names,
                              int64_t count);

}  // namespace hmem
