#include "hmem/core/html.h"

#include <algorithm>
#include <cstdint>

#include "hmem/core/text.h"

namespace hmem {

std::string html_text(std::string_view text) {
  std::string safe;
  for (const char c : one_line(text)) {
    switch (c) {
      case '<':
        safe += "&lt;";
        break;
      case '>':
        safe += "&gt;";
        break;
      case '&':
        safe += "&amp;";
        break;
      case '"':
        safe += "&quot;";
        break;
      case '\'':
        safe += "&#39;";
        break;
      default:
        safe += c;
    }
  }
  return safe;
}

std::string html_table(const std::string& caption, const std::vector<std::vector<std::string>>& rows) {
  std::string text = "<table><caption>" + html_text(caption) + "</caption>\n";
  for (size_t row = 0; row < rows.size(); ++row) {
    text += "<tr>";
    for (size_t column = 0; column < rows[row].size(); ++column) {
      const bool head = row == 0 || column == 0;
      text += head ? std::string("<th scope=\"") + (row == 0 ? "col" : "row") + "\">" : "<td>";
      text += html_text(rows[row][column]) + (head ? "</th>" : "</td>");
    }
    text += "</tr>\n";
  }
  return text + "</table>\n";
}

std::string html_page(const std::string& title, const std::string& style, const std::string& body,
                      const std::string& allowed) {
  return "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
         "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'" +
         allowed + "\">\n<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n<title>" +
         html_text(title) + "</title>\n<style>\n" + style + "</style>\n</head>\n<body>\n" + body + "</body>\n</html>\n";
}

std::string html_paragraph(const std::string& html) { return "<p>" + html + "</p>\n"; }

std::string html_fold(const std::string& summary, const std::string& body) {
  return "<details><summary>" + summary + "</summary>\n" + body + "</details>\n";
}

std::string html_wide(const std::string& name, const std::string& html) {
  return "<div class=\"wide\" role=\"region\" tabindex=\"0\" aria-label=\"" + html_text(name) + "\">" + html +
         "</div>\n";
}

std::string html_wide_table(const std::string& caption, const std::vector<std::vector<std::string>>& rows) {
  return html_wide(caption, html_table(caption, rows));
}

std::string base64(std::string_view bytes) {
  constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (size_t i = 0; i < bytes.size(); i += 3) {
    uint32_t three = 0;
    const size_t held = std::min<size_t>(3, bytes.size() - i);
    for (size_t j = 0; j < 3; ++j) three = three << 8 | (j < held ? static_cast<unsigned char>(bytes[i + j]) : 0);
    for (size_t j = 0; j < 4; ++j) text += j <= held ? kDigits[three >> (18 - 6 * j) & 63] : '=';
  }
  return text;
}

}  // namespace hmem
