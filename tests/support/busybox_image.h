// The root file system of a small image: Debian's static busybox with a link for each applet.
#pragma once

#include <string>

namespace engine::test {

// A tar archive, or empty where there is no busybox on the machine.
std::string busybox_tar();

// One member of a tar archive. `type` is '0' for a file, '2' for a link to `target`, '5' for a
// folder; finish an archive with 1024 zero bytes.
std::string tar_member(const std::string& name, char type, unsigned mode,
                       const std::string& content, const std::string& target = "");

}  // namespace engine::test
