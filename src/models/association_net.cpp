#include "hmem/models/association_net.h"

#include "hmem/core/check.h"

namespace hmem {

int64_t AssociationNet::count_steps(const char* model, Var frames, Var queries, int64_t features) {
  const Shape f = frames.shape(), q = queries.shape();
  HMEM_CHECK(f.rank() == 2 && q.rank() == 2 && f[1] == features && q[1] == features && q[0] > 0 && f[0] > 0 &&
                 f[0] % q[0] == 0,
             model, ": frames ", f, " and queries ", q, ", expected [B T, ", features, "] and [B, ", features, "]");
  return f[0] / q[0];
}

}  // namespace hmem
