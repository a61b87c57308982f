/* SPDX-License-Identifier: Apache-2.0 */
/* notify.h - telling the service manager how we are: the sd_notify protocol, one datagram to the
 * socket in NOTIFY_SOCKET. */
#ifndef CLI_NOTIFY_H
#define CLI_NOTIFY_H

/* "READY=1", "STOPPING=1", "RELOADING=1\nMONOTONIC_USEC=..." ... Nobody listening is no error. */
void notify_send(const char *state);

#endif
