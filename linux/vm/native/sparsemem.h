/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/* Memory in sections of 128 MB, and physical addresses below 64 GB; devices get theirs at the end. */
#ifndef __UM_SPARSEMEM_H
#define __UM_SPARSEMEM_H

#define SECTION_SIZE_BITS	27
#define MAX_PHYSMEM_BITS	36

#endif
