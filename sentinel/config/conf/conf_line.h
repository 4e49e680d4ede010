// Lines of a redis-style configuration file: words between blanks, "double
// quoted" with \n \r \t \b \a \" \\ and \xHH, 'single quoted' with \' only.
//
//   split_words(R"(sentinel auth-pass orders "a \"b\" c")")
//     -> {"sentinel", "auth-pass", "orders", "a \"b\" c"}
//
// print_word() is the way back: whatever the value holds, it stays one word of
// one line, for Vigil and for redis-sentinel.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sentinel::conf {

// nullopt: a quote is not closed, or is followed by something else than a blank.
std::optional<std::vector<std::string>> split_words(std::string_view line);

// Without blanks and line ends around it.
std::string_view trimmed(std::string_view line);
// Empty, or a comment.
bool is_blank(std::string_view trimmed_line);

// As it stands where that is safe, else in double quotes.
std::string print_word(std::string_view word);
// Always in double quotes.
std::string print_quoted(std::string_view word);
std::string print_words(const std::vector<std::string>& words);

// The lines of a text, without their "\n". A last line end begins no line.
std::vector<std::string_view> split_lines(std::string_view text);

}  // namespace sentinel::conf
