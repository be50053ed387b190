internal import Glibc

/// libFuzzer's own loop: mutates inputs and hands them over until the arguments say stop.
@_silgen_name("LLVMFuzzerRunDriver")
private func runFuzzer(
    _ argumentCount: UnsafeMutablePointer<Int32>,
    _ arguments:
        UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?>,
    _ target: @convention(c) (UnsafePointer<UInt8>?, Int) -> Int32
) -> Int32

/// Wires the fuzzer that `REELHOOK_FUZZER` names to libFuzzer; `Tests/Fuzz/run` starts it.
///
/// The name of this function is what the package manager calls the entry of the target `Fuzz`,
/// since a program built with `-sanitize=fuzzer` has no `main` of its own.
@_cdecl("Fuzz_main")
func fuzzMain(
    _ argumentCount: Int32,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
) -> Int32 {
    var argumentCount = argumentCount
    var arguments = unsafe arguments
    let target: @convention(c) (UnsafePointer<UInt8>?, Int) -> Int32
    let name = unsafe getenv("REELHOOK_FUZZER").map { unsafe String(cString: $0) } ?? ""
    switch name {
    case "http":
        unsafe target = { unsafe HTTPFuzzer.check(bytes($0, $1)) }
    case "webhook":
        unsafe target = { unsafe WebhookFuzzer.check(bytes($0, $1)) }
    case "json":
        unsafe target = { unsafe JSONFuzzer.check(bytes($0, $1)) }
    case "proxy":
        unsafe target = { unsafe ProxyFuzzer.check(bytes($0, $1)) }
    case "media":
        unsafe target = { unsafe MediaFuzzer.check(bytes($0, $1)) }
    case "provider":
        unsafe target = { unsafe ProviderFuzzer.check(bytes($0, $1)) }
    case "store":
        unsafe target = { unsafe StoreFuzzer.check(bytes($0, $1)) }
    default:
        fatalError("REELHOOK_FUZZER names http, webhook, json, proxy, media, provider or store")
    }
    return unsafe runFuzzer(&argumentCount, &arguments, target)
}

/// An input as an array, of its own length, so that a byte read beyond it is found.
private func bytes(_ start: UnsafePointer<UInt8>?, _ count: Int) -> [UInt8] {
    // SAFETY: libFuzzer hands over that many bytes for the length of the call.
    unsafe Array(UnsafeBufferPointer(start: start, count: count))
}
