// SPDX-License-Identifier: Apache-2.0
#include <cstdio>

#include "samples.hpp"

#define TRY(name)                                                                                  \
    if (std::strcmp(line, #name) == 0) {                                                           \
        sample::name message;                                                                      \
        if (message.view(std::string_view(reinterpret_cast<char *>(bytes), size))) {               \
            const std::string out = message.put();                                                 \
            print_hex(reinterpret_cast<const unsigned char *>(out.data()), out.size());            \
        } else {                                                                                   \
            std::puts("!");                                                                        \
        }                                                                                          \
        continue;                                                                                  \
    }

#include "generated.inc"
