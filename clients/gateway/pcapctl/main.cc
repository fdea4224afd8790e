#include <iostream>

#include "clients/gateway/pcapctl/interrupt.h"
#include "clients/gateway/pcapctl/pcapctl.h"

int main(int argc, char** argv) {
  pcaps::pcapctl::Interrupt interrupt;  // Before gRPC starts threads of its own.
  return pcaps::pcapctl::RunPcapctl({argv + 1, argv + argc}, std::cout, std::cerr,
                                    interrupt.stop());
}
