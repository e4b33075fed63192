// Work on a worker thread for something that a call shares with its exchange.
#pragma once

#include "plugins/docker/client.h"

namespace engine::docker {

// Runs `work` on a worker thread and `finished` on the loop; both keep `self`.
template <class Self>
void off_the_loop(const std::shared_ptr<Self>& self) {
  const Call& call = self->call;
  call.host()->work(
      call.token(), [](void* data) { (*static_cast<std::shared_ptr<Self>*>(data))->work(); },
      [](void* data) {
        const std::unique_ptr<std::shared_ptr<Self>> kept(
            static_cast<std::shared_ptr<Self>*>(data));
        (*kept)->finished(*kept);
      },
      new std::shared_ptr<Self>(self));
}

}  // namespace engine::docker
