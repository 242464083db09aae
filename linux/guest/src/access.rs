//! Accesses by the CPU that may fail: one instruction each, which the handler of the signal steps over.

use std::arch::asm;
use std::io;
use std::mem;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Where the access goes on after a fault; 0 while none is expected.
static RESUME: AtomicU64 = AtomicU64::new(0);
static FAULTED: AtomicBool = AtomicBool::new(false);

/// Catches the signals of failed accesses, here and in every process that is made from here.
pub(crate) fn install() -> io::Result<()> {
    // SAFETY: the handler does nothing but change its context and two atomics.
    unsafe {
        let mut action: libc::sigaction = mem::zeroed();
        let handler: extern "C" fn(i32, *mut libc::siginfo_t, *mut libc::c_void) = handle;
        action.sa_sigaction = handler as usize;
        action.sa_flags = libc::SA_SIGINFO | libc::SA_NODEFER;
        for signal in [libc::SIGSEGV, libc::SIGBUS] {
            if libc::sigaction(signal, &raw const action, ptr::null_mut()) != 0 {
                return Err(io::Error::last_os_error());
            }
        }
    }
    Ok(())
}

extern "C" fn handle(_: i32, _: *mut libc::siginfo_t, context: *mut libc::c_void) {
    let resume = RESUME.swap(0, Ordering::SeqCst);
    // SAFETY: the kernel passes the context of the interrupted code, and ends the process if it makes no sense.
    unsafe {
        if resume == 0 {
            // A fault of our own: with an unknown signal this process is gone, which init will notice.
            libc::_exit(99);
        }
        let context = context.cast::<libc::ucontext_t>();
        (*context).uc_mcontext.gregs[libc::REG_RIP as usize] = resume.cast_signed();
    }
    FAULTED.store(true, Ordering::SeqCst);
}

fn end() -> Option<()> {
    RESUME.store(0, Ordering::SeqCst);
    (!FAULTED.swap(false, Ordering::SeqCst)).then_some(())
}

/// Reads a byte; nothing if the access failed.
pub(crate) fn read(address: u64) -> Option<u8> {
    let value: u8;
    // SAFETY: the load is the only instruction between the two stores that may fault, and the handler goes on at the
    // label behind it; the address is of no Rust object.
    unsafe {
        asm!(
            "lea {resume}, [rip + 2f]",
            "mov [{slot}], {resume}",
            "mov {value}, byte ptr [{address}]",
            "2:",
            resume = out(reg) _,
            slot = in(reg) RESUME.as_ptr(),
            address = in(reg) address,
            value = inout(reg_byte) 0_u8 => value,
        );
    }
    end().map(|()| value)
}

/// Writes a byte; nothing if the access failed.
pub(crate) fn write(address: u64, value: u8) -> Option<()> {
    // SAFETY: as for `read`.
    unsafe {
        asm!(
            "lea {resume}, [rip + 2f]",
            "mov [{slot}], {resume}",
            "mov byte ptr [{address}], {value}",
            "2:",
            resume = out(reg) _,
            slot = in(reg) RESUME.as_ptr(),
            address = in(reg) address,
            value = in(reg_byte) value,
        );
    }
    end()
}
