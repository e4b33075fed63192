// Catch2 in either of its shapes: Debian 12 has version 2 (one header), later releases version 3.
#pragma once

#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
#else
#include <catch2/catch.hpp>
#endif
