// Table: rows of text in aligned columns.
#pragma once

#include <string>
#include <vector>

namespace pcaps {

// One line per row, two spaces between columns, none at the end of a line. All rows have the same
// number of cells.
std::string AlignColumns(const std::vector<std::vector<std::string>>& rows);

}  // namespace pcaps
