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

/// A page that may use nothing but what it holds itself. `title` is a text, `style` CSS, `body` HTML; `allowed`: what
/// its policy allows beside the style, such as "; img-src data:".
std::string html_page(const std::string& title, const std::string& style, const std::string& body,
                      const std::string& allowed = "");
/// <p> of HTML.
std::string html_paragraph(const std::string& html);
/// A block that is folded until it is wanted; both are HTML.
std::string html_fold(const std::string& summary, const std::string& body);
/// HTML that scrolls by itself where the page is narrow; `name` is a text.
std::string html_wide(const std::string& name, const std::string& html);
/// html_wide() of html_table().
std::string html_wide_table(const std::string& caption, const std::vector<std::vector<std::string>>& rows);

/// RFC 4648
std::string base64(std::string_view bytes);

}  // namespace hmem
