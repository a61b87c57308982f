/* SPDX-License-Identifier: Apache-2.0 */
/* page.h - web/index.html, embedded at build time. */
#ifndef SERVER_PAGE_H
#define SERVER_PAGE_H

extern const unsigned char page_html[];
extern const unsigned long page_html_size;

#endif
