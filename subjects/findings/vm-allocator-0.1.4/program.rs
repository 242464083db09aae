//! The faults of vm-allocator 0.1.4 without Stalemap: `cargo run -p stalemap-subjects --example vm_allocator`.

use std::io::{self, Write};

use vm_allocator::{AddressAllocator, AllocPolicy, Error};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut out = io::stdout().lock();

    let mut allocator = AddressAllocator::new(0, 2)?;
    let (first, second) = (one(&mut allocator)?, one(&mut allocator)?);
    writeln!(out, "free({second:?}) = {:?}", allocator.free(&second))?;
    writeln!(out, "free({second:?}) again = {:?}", allocator.free(&second))?;
    writeln!(out, "free({first:?}) = {:?}", allocator.free(&first))?;
    writeln!(out, "allocate one = {:?}, allocate one = {:?}", one(&mut allocator), one(&mut allocator))?;

    let mut allocator = AddressAllocator::new(0, 4)?;
    let ranges = [one(&mut allocator)?, one(&mut allocator)?, one(&mut allocator)?, one(&mut allocator)?];
    for range in [ranges[3], ranges[2]] {
        allocator.free(&range)?;
    }
    writeln!(out, "2 and 3 are free; allocate two = {:?}", allocator.allocate(2, 1, AllocPolicy::FirstMatch))?;
    Ok(())
}

fn one(allocator: &mut AddressAllocator) -> Result<vm_allocator::RangeInclusive, Error> {
    allocator.allocate(1, 1, AllocPolicy::FirstMatch)
}
