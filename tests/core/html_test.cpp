#include "hmem/core/html.h"

#include "catch.h"

using namespace hmem;

TEST_CASE("text for a page: nothing in it is markup, ends an attribute or turns the direction", "[html][bad]") {
  CHECK(html_text("a < b > c & \"d\" 'e'") == "a &lt; b &gt; c &amp; &quot;d&quot; &#39;e&#39;");
  const std::string safe = html_text("\xE2\x80\xAE</script>\n\xFF");
  CHECK(safe.find_first_of("<>\n") == std::string::npos);
  CHECK(safe.find("\xE2\x80\xAE") == std::string::npos);
  CHECK(html_text("\xD7\xA9\xD7\x9C\xD7\x95\xD7\x9D") == "\xD7\xA9\xD7\x9C\xD7\x95\xD7\x9D");
}

TEST_CASE("a table has heads for its columns and rows, and escaped cells", "[html]") {
  CHECK(html_table("a & b", {{"x", "<y>"}, {"r", "1"}}) ==
        "<table><caption>a &amp; b</caption>\n<tr><th scope=\"col\">x</th><th scope=\"col\">&lt;y&gt;</th></tr>\n"
        "<tr><th scope=\"row\">r</th><td>1</td></tr>\n</table>\n");
}

TEST_CASE("titles and names of blocks cannot end their element or attribute", "[html]") {
  const std::string page =
      html_page("</title>", "p{}", html_wide("a\">", html_paragraph("<b>x</b>")), "; img-src data:");
  CHECK(page.find("style-src 'unsafe-inline'; img-src data:\">") != std::string::npos);
  CHECK(page.find("<title>&lt;/title&gt;</title>\n<style>\np{}</style>") != std::string::npos);
  CHECK(page.find("aria-label=\"a&quot;&gt;\"><p><b>x</b></p>") != std::string::npos);
}

TEST_CASE("base64: the examples of RFC 4648", "[html]") {
  CHECK(base64("") == "");
  CHECK(base64("f") == "Zg==");
  CHECK(base64("fo") == "Zm8=");
  CHECK(base64("foobar") == "Zm9vYmFy");
  CHECK(base64("\xFB\xFF") == "+/8=");
}
