// RepeatedText: one text over and over, cut at `size`; after `head`, where there is one.
#pragma once

#include <algorithm>
#include <string>
#include <utility>

#include "tests/emulator/body_source.h"

namespace pcaps::emulator {

class RepeatedText : public BodySource {
 public:
  RepeatedText(std::string head, std::string text, uint64_t size)
      : piece_(std::move(head)), text_(std::move(text)), size_(size) {}

  uint64_t size() const override { return size_; }
  std::string Next() override {
    std::string piece = std::exchange(piece_, "");
    while (piece.size() < kPieceBytes && sent_ + piece.size() < size_) piece += text_;
    piece.resize(std::min<uint64_t>(piece.size(), size_ - sent_));
    sent_ += piece.size();
    return piece;
  }

 private:
  static constexpr size_t kPieceBytes = 64 * 1024;
  std::string piece_;
  std::string text_;
  uint64_t size_;
  uint64_t sent_ = 0;
};

}  // namespace pcaps::emulator
