/* Operations on shared memory and mappings. */
#include "recorder.h"

int memory_op(void) {
  OP("shm_open") return reply(shm_open(name_text("name"), flags("oflag"), mode("mode"))), 1;
  OP("shm_unlink") return reply(shm_unlink(name_text("name"))), 1;
  OP("mmap") {
    void *at = mmap(place("slot", NULL), number("len"), flags("prot"), flags("flags") | MAP_FIXED, number("fd"),
                    number("off"));
    return reply(at == MAP_FAILED ? -1 : 0), 1;
  }
  OP("munmap") return reply(munmap(place("slot", "off"), number("len"))), 1;
  OP("mprotect") return reply(mprotect(place("slot", "off"), number("len"), flags("prot"))), 1;
  OP("load") return reply(*(volatile unsigned char *)place("slot", "off")), 1;
  OP("store") {
    *(volatile unsigned char *)place("slot", "off") = number("val");
    return reply(0), 1;
  }
  return 0;
}
