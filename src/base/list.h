/* SPDX-License-Identifier: Apache-2.0 */
/* list.h - an intrusive circular doubly linked list. The head is a link of its own. */
#ifndef BASE_LIST_H
#define BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct list {
    struct list *next, *prev;
};

/* The struct of type `type` whose member `member` is `link`. */
#define LIST_ENTRY(link, type, member) ((type *)(void *)((char *)(link)-offsetof(type, member)))

static inline void list_init(struct list *list) { list->next = list->prev = list; }
static inline bool list_empty(const struct list *list) { return list->next == list; }
static inline void list_push(struct list *head, struct list *link) { /* at the tail */
    link->prev = head->prev;
    link->next = head;
    head->prev->next = link;
    head->prev = link;
}
static inline void list_remove(struct list *link) { /* leaves the link an empty list of its own */
    link->prev->next = link->next;
    link->next->prev = link->prev;
    list_init(link);
}

#endif
