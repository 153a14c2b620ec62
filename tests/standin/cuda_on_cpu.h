// CUDA C++ on a CPU, for tests: a block's threads are fibers that take turns between barriers.
//
// Blocks run one after another. A thread runs until it meets a barrier of its block or its warp;
// when all have, they go on. What real hardware leaves undefined is an error here: threads of one
// warp at different barriers, or a thread that ends while others wait at __syncthreads.
#include <setjmp.h>
#include <ucontext.h>

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <utility>
#include <vector>

#define ON_CPU 1
#define __global__
#define __device__
#define __forceinline__ inline
#define __restrict__
#define __launch_bounds__(...)
#define __shared__ static

struct dim3 {
    int x, y, z;
};
static dim3 threadIdx, blockIdx, blockDim, gridDim;

namespace emulator {
enum State { RUNS, AT_WARP, AT_BLOCK, DONE };
struct Fiber {  // kept from block to block: to make one takes longer than most threads run
    ucontext_t made;
    jmp_buf place;  // _setjmp and _longjmp, since swapcontext calls the system each time
    std::vector<char> stack;
    bool begun;
    State state;
};
static const size_t STACK = 128 << 10;
static std::vector<Fiber*> made, fibers;
static jmp_buf scheduler;
static int current;
static uint32_t exchanged[32][32];  // by warp and lane: what a thread shows to its warp
static uint32_t operands[32][32][6];
static const char* failure;
static void (*body)(void*);
static void* body_arguments;

inline int lane() { return current % 32; }
inline int warp() { return current / 32; }

inline void wait(State state) {
    Fiber* self = fibers[current];
    self->state = state;
    if (!_setjmp(self->place)) _longjmp(scheduler, 1);
}

static void entry() {
    for (;;) {
        body(body_arguments);
        wait(DONE);
    }
}

static void run(Fiber* fiber) {
    if (_setjmp(scheduler)) return;
    if (fiber->begun) _longjmp(fiber->place, 1);
    fiber->begun = true;
    setcontext(&fiber->made);
}

static Fiber* make_fiber() {
    Fiber* fiber = new Fiber();
    fiber->stack.resize(STACK);
    getcontext(&fiber->made);
    fiber->made.uc_stack.ss_sp = fiber->stack.data();
    fiber->made.uc_stack.ss_size = STACK;
    fiber->made.uc_link = nullptr;
    makecontext(&fiber->made, entry, 0);
    return fiber;
}

static bool release() {  // one barrier that all have reached; false: nobody can go on
    int n = fibers.size(), done = 0, at_block = 0;
    bool released = false;
    for (int start = 0; start < n; start += 32) {
        int waiting = 0, size = std::min(32, n - start);
        for (int i = start; i < start + size; i++) {
            waiting += fibers[i]->state == AT_WARP;
            at_block += fibers[i]->state == AT_BLOCK;
            done += fibers[i]->state == DONE;
        }
        if (waiting == 0) continue;
        if (waiting < size) {
            failure = "threads of one warp are at different barriers";
            return false;
        }
        for (int i = start; i < start + size; i++) fibers[i]->state = RUNS;
        released = true;
    }
    if (released) return true;
    if (at_block == 0) return false;
    if (at_block < n) {
        failure = "a thread ended while others wait at __syncthreads";
        return false;
    }
    for (Fiber* fiber : fibers) fiber->state = RUNS;
    return true;
}

static void run_block(int threads) {
    while ((int)made.size() < threads) made.push_back(make_fiber());
    fibers.assign(made.begin(), made.begin() + threads);
    for (Fiber* fiber : fibers) fiber->state = RUNS;
    do {
        for (int i = 0; i < threads; i++) {
            if (fibers[i]->state != RUNS) continue;
            current = i;
            threadIdx = {i, 0, 0};
            run(fibers[i]);
        }
    } while (release());
    if (failure) made.clear();  // those that wait for ever are left behind
}

template <class... P, size_t... I>
void call(void (*kernel)(P...), void** arguments, std::index_sequence<I...>) {
    kernel(*reinterpret_cast<std::remove_reference_t<P>*>(arguments[I])...);
}

template <class... P>
const char* launch(void (*kernel)(P...), const int* grid, int threads, void** arguments,
                   const int* sizes, int count) {
    const int wanted[] = {(int)sizeof(P)...};
    if (count != (int)sizeof...(P)) return "the number of arguments is wrong";
    for (int i = 0; i < count; i++)
        if (sizes[i] != wanted[i]) return "an argument has a wrong size";
    static void (*the_kernel)(P...);
    the_kernel = kernel;
    failure = nullptr;
    body_arguments = arguments;
    body = [](void* given) { call(the_kernel, (void**)given, std::index_sequence_for<P...>()); };
    gridDim = {grid[0], grid[1], grid[2]};
    blockDim = {threads, 1, 1};
    for (int z = 0; z < grid[2]; z++)
        for (int y = 0; y < grid[1]; y++)
            for (int x = 0; x < grid[0] && !failure; x++) {
                blockIdx = {x, y, z};
                run_block(threads);
            }
    return failure;
}
}  // namespace emulator

inline void __syncthreads() { emulator::wait(emulator::AT_BLOCK); }
inline void __syncwarp(unsigned mask = 0xffffffffu) { emulator::wait(emulator::AT_WARP); }

template <class X>
X __shfl_sync(unsigned mask, X x, int from) {
    static_assert(sizeof(X) == 4, "only 32 bits are exchanged");
    memcpy(&emulator::exchanged[emulator::warp()][emulator::lane()], &x, 4);
    __syncwarp();
    memcpy(&x, &emulator::exchanged[emulator::warp()][from % 32], 4);
    __syncwarp();
    return x;
}
template <class X>
X __shfl_xor_sync(unsigned mask, X x, int other) {
    return __shfl_sync(mask, x, emulator::lane() ^ other);
}
template <class X>
X __shfl_down_sync(unsigned mask, X x, int by) {
    int from = emulator::lane() + by;
    return __shfl_sync(mask, x, from < 32 ? from : emulator::lane());
}

inline uint32_t __float_as_uint(float x) {
    uint32_t y;
    memcpy(&y, &x, 4);
    return y;
}
inline float __uint_as_float(uint32_t x) {
    float y;
    memcpy(&y, &x, 4);
    return y;
}
inline float __int_as_float(int x) { return __uint_as_float((uint32_t)x); }
inline float __expf(float x) { return expf(x); }
inline float __logf(float x) { return logf(x); }
inline float __fdividef(float x, float y) { return x / y; }
inline float rsqrtf(float x) { return 1.0f / sqrtf(x); }
inline unsigned __umulhi(unsigned x, unsigned y) { return (uint64_t)x * y >> 32; }
template <class X>
X __ldg(const X* place) { return *place; }
template <class X>
X min(X x, X y) { return x < y ? x : y; }
template <class X>
X max(X x, X y) { return x < y ? y : x; }

inline uint32_t rounded_to_tf32(float x) {  // to the nearest of 10 bits, ties away from zero
    uint32_t bits = __float_as_uint(x);
    return std::isfinite(x) ? (bits + 0x1000) & ~0x1fffu : bits;
}

namespace emulator {
inline float half_of(uint32_t pair, int k) { return __uint_as_float(k % 2 ? pair & 0xffff0000u : pair << 16); }

// d += a @ b, each thread for its own four places, from what all 32 show; see common.cuh.
inline void mma(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2], bool is_bf16) {
    auto& shown = operands[warp()];
    memcpy(shown[lane()], a, 16);
    memcpy(shown[lane()] + 4, b, 8);
    __syncwarp();
    int g = lane() / 4, t = lane() % 4;
    for (int i = 0; i < 4; i++) {
        int row = g + 8 * (i / 2), column = 2 * t + i % 2;
        float sum = 0;
        for (int k = 0; k < (is_bf16 ? 16 : 8); k++) {
            int quarter = is_bf16 ? k % 8 / 2 : k % 4, second = is_bf16 ? k / 8 : k / 4;
            uint32_t left = shown[row % 8 * 4 + quarter][2 * second + row / 8];
            uint32_t right = shown[column * 4 + quarter][4 + second];
            sum += is_bf16 ? half_of(left, k) * half_of(right, k)
                           : __uint_as_float(left & ~0x1fffu) * __uint_as_float(right & ~0x1fffu);
        }
        d[i] += sum;
    }
    __syncwarp();
}
}  // namespace emulator

inline void mma_tf32(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) {
    emulator::mma(d, a, b, false);
}
inline void mma_bf16(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) {
    emulator::mma(d, a, b, true);
}
