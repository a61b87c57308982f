/* SPDX-License-Identifier: Apache-2.0 */
/* order.h - the cells of a world by their last change. Internal to world/.
 *
 * A list over handles whose links lie together in an array of their own, 8 bytes a cell: each update
 * touches three links, and in the cells those would be two more cache lines of strangers. */
#ifndef WORLD_ORDER_H
#define WORLD_ORDER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/memory.h"

#define ORDER_END UINT32_MAX /* stands before the first and behind the last */

/* Link 0 is the head's, handle h has link h + 1; one that is not in is linked to itself. */
struct order_link {
    uint32_t prev, next;
};

struct order {
    const struct memory *memory;
    struct order_link *links;
    size_t capacity;
};

static inline struct order order_of(const struct memory *memory) {
    return (struct order){memory, NULL, 0};
}
/* Room for the link of `handle`. SS_OK or SS_ERR_NOMEM. */
int order_reserve(struct order *order, uint32_t handle);
void order_free(struct order *order);

/* The oldest change, the newest, and the neighbours of `handle`; ORDER_END where there is none. */
static inline uint32_t order_next(const struct order *order, uint32_t handle) {
    return order->capacity ? order->links[handle + 1].next - 1 : ORDER_END;
}
static inline uint32_t order_prev(const struct order *order, uint32_t handle) {
    return order->capacity ? order->links[handle + 1].prev - 1 : ORDER_END;
}
static inline uint32_t order_first(const struct order *order) {
    return order_next(order, ORDER_END);
}
static inline uint32_t order_last(const struct order *order) {
    return order_prev(order, ORDER_END);
}
/* False for a handle that was never put in, or was taken out. */
static inline bool order_holds(const struct order *order, uint32_t handle) {
    return order->links[handle + 1].next != handle + 1;
}

/* Takes `handle` out; no matter when it is not in. */
static inline void order_remove(struct order *order, uint32_t handle) {
    struct order_link *links = order->links, *link = &links[handle + 1];
    links[link->prev].next = link->next;
    links[link->next].prev = link->prev;
    *link = (struct order_link){handle + 1, handle + 1};
}
/* Puts `handle`, which is not in, right behind `before` (ORDER_END: it becomes the first). */
static inline void order_put(struct order *order, uint32_t handle, uint32_t before) {
    struct order_link *links = order->links;
    uint32_t next = links[before + 1].next;
    links[handle + 1] = (struct order_link){before + 1, next};
    links[before + 1].next = links[next].prev = handle + 1;
}
/* Moves `handle`, in or not, to the end. */
static inline void order_touch(struct order *order, uint32_t handle) {
    if (order->links[0].prev == handle + 1) return;
    order_remove(order, handle);
    order_put(order, handle, order_last(order));
}

#endif
