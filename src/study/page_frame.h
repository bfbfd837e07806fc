#pragma once
// The frame of the pages of explanations.

#include <string>

namespace hmem::detail {

/// `main` with the style of these pages and, with `has_script`, their script, which computes an explanation again.
std::string study_page(const std::string& title, const std::string& main, bool has_script,
                       const std::string& more_style = "");
/// A section under a heading; `id` names the heading for readers that jump between sections.
std::string page_section(const std::string& id, const std::string& title, const std::string& body);

}  // namespace hmem::detail
