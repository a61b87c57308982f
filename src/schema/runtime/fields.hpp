// SPDX-License-Identifier: Apache-2.0
// What every generated file begins with: structs into protobuf bytes and back, each field visited with
// its number and type. C++17, the standard library only.
#ifndef STATESYNC_FIELDS_HPP
#define STATESYNC_FIELDS_HPP

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace statesync_fields {

// Types as in descriptor.proto.
template <int T> struct type : std::integral_constant<int, T> {};
constexpr unsigned wire(int t) {
    return t == 1 || t == 6 || t == 16 ? 1u : t == 2 || t == 7 || t == 15 ? 5u : t == 9 || t == 11 || t == 12 ? 2u : 0u;
}

// ---- writing ------------------------------------------------------------------------------------

inline void put_varint(std::string &out, std::uint64_t value) {
    for (; value >= 0x80; value >>= 7)
        out.push_back(static_cast<char>(static_cast<unsigned char>(value | 0x80)));
    out.push_back(static_cast<char>(static_cast<unsigned char>(value)));
}

template <class U> void put_fixed(std::string &out, U bits) {
    for (unsigned i = 0; i < sizeof bits; i++)
        out.push_back(static_cast<char>(static_cast<unsigned char>(bits >> (8 * i))));
}

// The bits of a scalar as they go over the wire.
template <int T, class V> std::uint64_t raw_of(const V &value) {
    if constexpr (T == 1) {
        std::uint64_t bits;
        std::memcpy(&bits, &value, sizeof bits);
        return bits;
    } else if constexpr (T == 2) {
        std::uint32_t bits;
        std::memcpy(&bits, &value, sizeof bits);
        return bits;
    } else if constexpr (T == 17) {
        auto bits = static_cast<std::uint32_t>(value);
        return static_cast<std::uint32_t>(bits << 1 ^ (0u - (bits >> 31)));
    } else if constexpr (T == 18) {
        auto bits = static_cast<std::uint64_t>(value);
        return bits << 1 ^ (0 - (bits >> 63));
    } else {
        return static_cast<std::uint64_t>(value);
    }
}

template <int T, class V> void put_scalar(std::string &out, const V &value) {
    const std::uint64_t raw = raw_of<T>(value);
    if constexpr (wire(T) == 1) put_fixed(out, raw);
    else if constexpr (wire(T) == 5) put_fixed(out, static_cast<std::uint32_t>(raw));
    else put_varint(out, raw);
}

template <int T, class V> void put_one(std::string &out, std::uint32_t number, const V &value) {
    put_varint(out, static_cast<std::uint64_t>(number) << 3 | wire(T));
    if constexpr (T == 11) {
        const std::string bytes = value.put();
        put_varint(out, bytes.size());
        out += bytes;
    } else if constexpr (wire(T) == 2) {
        put_varint(out, value.size());
        out += value;
    } else {
        put_scalar<T>(out, value);
    }
}

struct writer {
    std::string &out;

    template <int T, class V> void operator()(std::uint32_t number, type<T>, unsigned, const V &value) {
        if constexpr (wire(T) == 2) {
            if (!value.empty()) put_one<T>(out, number, value);
        } else {
            if (raw_of<T>(value) != 0) put_one<T>(out, number, value);
        }
    }
    template <int T, class V> void operator()(std::uint32_t number, type<T>, unsigned, const std::optional<V> &value) {
        if (value) put_one<T>(out, number, *value);
    }
    template <int T, class V> void operator()(std::uint32_t number, type<T>, unsigned, const std::vector<V> &list) {
        if constexpr (wire(T) == 2) {
            for (const V &value : list)
                put_one<T>(out, number, value);
        } else if (!list.empty()) {
            std::string packed;
            for (const auto value : list)
                put_scalar<T>(packed, static_cast<V>(value));
            put_one<12>(out, number, packed);
        }
    }
    template <int K, int T, class N, class V>
    void operator()(std::uint32_t number, type<K>, type<T>, const std::map<N, V> &map) {
        for (const auto &[key, value] : map) {
            std::string entry;
            put_one<K>(entry, 1, key);
            put_one<T>(entry, 2, value);
            put_one<12>(out, number, entry);
        }
    }
};

// ---- reading ------------------------------------------------------------------------------------

struct cursor {
    std::string_view left;
    bool good = true;

    std::uint64_t varint() {
        std::uint64_t value = 0;
        for (unsigned shift = 0; shift < 70 && !left.empty(); shift += 7) {
            const auto byte = static_cast<unsigned char>(left.front());
            left.remove_prefix(1);
            if (shift < 64) value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
            if (byte < 0x80) return value;
        }
        good = false;
        return 0;
    }
    std::uint64_t fixed(std::size_t size) {
        std::uint64_t value = 0;
        if (left.size() < size) good = false;
        for (std::size_t i = 0; good && i < size; i++)
            value |= static_cast<std::uint64_t>(static_cast<unsigned char>(left[i])) << (8 * i);
        left.remove_prefix(good ? size : 0);
        return value;
    }
    std::string_view bytes() {
        const std::uint64_t size = varint();
        if (size > left.size()) good = false;
        const auto taken = left.substr(0, good ? static_cast<std::size_t>(size) : 0);
        left.remove_prefix(taken.size());
        return taken;
    }
    std::uint64_t value(unsigned w) {
        if (w == 1) return fixed(8);
        if (w == 5) return fixed(4);
        if (w == 0) return varint();
        good = false;
        return 0;
    }
};

template <int T, class V> void take_scalar(V &value, std::uint64_t raw) {
    if constexpr (T == 1) {
        std::memcpy(&value, &raw, sizeof value);
    } else if constexpr (T == 2) {
        const auto bits = static_cast<std::uint32_t>(raw);
        std::memcpy(&value, &bits, sizeof value);
    } else if constexpr (T == 8) {
        value = raw != 0;
    } else if constexpr (T == 17) {
        const auto bits = static_cast<std::uint32_t>(raw);
        value = static_cast<V>(bits >> 1 ^ (0u - (bits & 1)));
    } else if constexpr (T == 18) {
        value = static_cast<V>(raw >> 1 ^ (0 - (raw & 1)));
    } else {
        value = static_cast<V>(raw);
    }
}

struct record {
    std::uint32_t number;
    unsigned wire;
    std::uint64_t value;
    std::string_view content;
};

template <int T, class V> bool take_one(V &value, const record &from, unsigned depth) {
    if (from.wire != wire(T)) return false;
    if constexpr (T == 11) return depth < 32 && value.merge(from.content, depth + 1);
    else if constexpr (wire(T) == 2) value = std::string(from.content);
    else take_scalar<T>(value, from.value);
    return true;
}

template <int T, class V> bool take_packed(std::vector<V> &list, std::string_view content) {
    cursor packed{content};
    while (packed.good && !packed.left.empty()) {
        V value{};
        take_scalar<T>(value, packed.value(wire(T)));
        list.push_back(value);
    }
    return packed.good;
}

// Puts one record into the field of its number.
struct reader {
    const record &from;
    unsigned depth;
    bool known = false, good = true;
    unsigned chosen = 0; // the oneof that it belongs to

    template <int T, class V> void operator()(std::uint32_t number, type<T>, unsigned, V &value) {
        if (number != from.number) return;
        known = true;
        good = take_one<T>(value, from, depth);
    }
    template <int T, class V> void operator()(std::uint32_t number, type<T>, unsigned oneof, std::optional<V> &value) {
        if (number != from.number) return;
        known = true;
        chosen = oneof;
        if (!value) value.emplace();
        good = take_one<T>(*value, from, depth);
    }
    template <int T, class V> void operator()(std::uint32_t number, type<T>, unsigned most, std::vector<V> &list) {
        if (number != from.number) return;
        known = true;
        if constexpr (wire(T) != 2) {
            if (from.wire == 2) {
                good = take_packed<T>(list, from.content);
                return;
            }
        }
        V value{};
        if (most == 1 && !list.empty()) value = list.front(); // a message within itself: one at most
        good = take_one<T>(value, from, depth);
        if (most == 1) list.clear();
        list.push_back(std::move(value));
    }
    template <int K, int T, class N, class V>
    void operator()(std::uint32_t number, type<K>, type<T>, std::map<N, V> &map);
};

// Empties the members of a oneof but the one that was read last.
struct emptier {
    unsigned oneof;
    std::uint32_t but;

    template <int T, class V> void operator()(std::uint32_t, type<T>, unsigned, V &) {}
    template <int T, class V> void operator()(std::uint32_t number, type<T>, unsigned of, std::optional<V> &value) {
        if (of == oneof && number != but) value.reset();
    }
    template <int T, class V> void operator()(std::uint32_t, type<T>, unsigned, std::vector<V> &) {}
    template <int K, int T, class N, class V> void operator()(std::uint32_t, type<K>, type<T>, std::map<N, V> &) {}
};

template <class Each> bool each_record(std::string_view bytes, Each &&each) {
    cursor at{bytes};
    while (at.good && !at.left.empty()) {
        const std::string_view start = at.left;
        const std::uint64_t tag = at.varint();
        record found{static_cast<std::uint32_t>(tag >> 3), static_cast<unsigned>(tag & 7), 0, {}};
        if (tag >> 3 == 0 || tag >> 3 > 536870911) return false;
        if (found.wire == 2) found.content = at.bytes();
        else found.value = at.value(found.wire);
        if (!at.good || !each(found, start.substr(0, start.size() - at.left.size()))) return false;
    }
    return at.good;
}

template <int K, int T, class N, class V>
void reader::operator()(std::uint32_t number, type<K>, type<T>, std::map<N, V> &map) {
    if (number != from.number) return;
    known = true;
    N key{};
    V value{};
    good = from.wire == 2 && each_record(from.content, [&](const record &part, std::string_view) {
        if (part.number == 1) return take_one<K>(key, part, depth);
        return part.number != 2 || take_one<T>(value, part, depth + 1);
    });
    map[key] = std::move(value);
}

template <class M> std::string put(const M &message) {
    std::string out;
    M::visit(message, writer{out});
    return out + message.unknown;
}

template <class M> bool merge(M &message, std::string_view bytes, unsigned depth) {
    return each_record(bytes, [&](const record &found, std::string_view whole) {
        reader read{found, depth};
        M::visit(message, read);
        if (!read.known) message.unknown += whole;
        if (read.chosen) M::visit(message, emptier{read.chosen, found.number});
        return read.good;
    });
}

} // namespace statesync_fields

#endif
