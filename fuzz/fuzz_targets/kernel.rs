//! Target: whatever operations bytes mean, reference and a Linux kernel agree; the kernel's own code is the coverage.

#![cfg_attr(feature = "libfuzzer", no_main)]

stalemap_fuzz::target!(stalemap_fuzz::kernel());
