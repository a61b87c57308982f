/* SPDX-License-Identifier: Apache-2.0 */
/* descriptors.h - the compiled form of proto/, carried inside the program for the reflection
 * service. */
#ifndef CODEC_DESCRIPTORS_H
#define CODEC_DESCRIPTORS_H

#include "base/bytes.h"

/* The serialized google.protobuf.FileDescriptorProto of the file imported under `name`
 * ("state_sync.proto"); data NULL when there is none. Lives as long as the program. */
struct bytes descriptor_file(struct bytes name);

/* The same of the file that declares `symbol`, a full name without a leading dot: of a service,
 * method, message, field or enumeration. */
struct bytes descriptor_by_symbol(struct bytes symbol);

#endif
