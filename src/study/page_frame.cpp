#include "study/page_frame.h"

#include "hmem/core/html.h"

namespace hmem::detail {

namespace {

// Made from src/study/assets by the build.
const char kStyle[] =
#include "study/assets/page.css.inc"
    ;
const char kScript[] =
#include "study/assets/page.js.inc"
    ;

}  // namespace

std::string study_page(const std::string& title, const std::string& main, bool has_script,
                       const std::string& more_style) {
  return html_page(
      title, kStyle + more_style,
      "<main>\n" + main + "</main>\n" + (has_script ? std::string("<script>\n") + kScript + "</script>\n" : ""),
      std::string(has_script ? "; script-src 'unsafe-inline'" : "") + "; img-src data:");
}

std::string page_section(const std::string& id, const std::string& title, const std::string& body) {
  return "<section aria-labelledby=\"h_" + id + "\"><h2 id=\"h_" + id + "\">" + title + "</h2>\n" + body +
         "</section>\n";
}

}  // namespace hmem::detail
