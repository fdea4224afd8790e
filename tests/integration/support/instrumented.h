// Whether memory and times say something of the program, and not of a sanitizer.
#pragma once

namespace pcaps::integration {

#ifdef __SANITIZE_ADDRESS__
constexpr bool kInstrumented = true;  // What was freed is kept.
#else
constexpr bool kInstrumented = false;
#endif

}  // namespace pcaps::integration
