#pragma once
/// \file html.h
/// Text and tables of HTML pages and SVG pictures. Whatever comes from a user goes through html_text().

#include <string>
#include <string_view>
#include <vector>

namespace hmem {

/// `text` as one harmless line (one_line) without what HTML would interpret, also inside of quoted attributes.
std::string html_text(std::string_view text);

/// <table> of plain texts, which are escaped. The first row is its head, the first column names the rows.
std::string html_table(const std::string& caption, const std::vector<std::vector<std::string>>& rows);

/// RFC 4648
std::string base64(std::string_view bytes);

}  // namespace hmem
