/* SPDX-License-Identifier: Apache-2.0 */
#include "world/order.h"

#include "base/status.h"

int order_reserve(struct order *order, uint32_t handle) {
    size_t before = order->capacity;
    int status = memory_grow(order->memory, (void **)&order->links, &order->capacity,
                             (size_t)handle + 2, sizeof *order->links);
    for (size_t i = before; i < order->capacity; i++)
        order->links[i] = (struct order_link){(uint32_t)i, (uint32_t)i};
    return status;
}

void order_free(struct order *order) {
    memory_free(order->memory, order->links, order->capacity * sizeof *order->links);
    *order = order_of(order->memory);
}
