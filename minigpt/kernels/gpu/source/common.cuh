// What every kernel file begins with. CUDA C++ as NVRTC compiles it: no header is needed.
//
// A warp is 32 threads that run together; a block is some warps that share memory. bf16 is the
// upper half of a float32: the same range, 8 bits of precision instead of 24. tf32 is a float32
// whose precision is cut to 11 bits; both are what tensor cores multiply, adding up in float32.

typedef unsigned int word;

#define INFINITY_ __int_as_float(0x7f800000)

struct bf16 {
    unsigned short bits;
};

__device__ inline float value(float x) { return x; }
__device__ inline float value(bf16 x) { return __uint_as_float((word)x.bits << 16); }

__device__ inline bf16 rounded_to_bf16(float x) {  // to the nearest, ties to the even one
    word bits = __float_as_uint(x);
    bf16 y;
    y.bits = x != x ? 0x7fff : (unsigned short)((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
    return y;
}

__device__ inline void store(float* place, float x) { *place = x; }
__device__ inline void store(bf16* place, float x) { *place = rounded_to_bf16(x); }

__device__ inline float warp_sum(float x) {  // the same bits in all 32 threads
    for (int step = 16; step > 0; step /= 2) x += __shfl_xor_sync(0xffffffffu, x, step);
    return x;
}

__device__ inline float warp_max(float x) {
    for (int step = 16; step > 0; step /= 2) x = fmaxf(x, __shfl_xor_sync(0xffffffffu, x, step));
    return x;
}

// Numbers that lie side by side, which one instruction moves: W = 4, or 1 where 4 do not fit.
template <class X, int W>
struct alignas(W * sizeof(X)) Pack {
    X at[W];
};

template <int W>
struct Width {
    static constexpr int value = W;
};

template <int W, class X>
__device__ inline void load_pack(float (&x)[W], const X* place) {
    Pack<X, W> pack = *(const Pack<X, W>*)place;
    for (int k = 0; k < W; k++) x[k] = value(pack.at[k]);
}

template <int W, class X>
__device__ inline void store_pack(X* place, const float (&x)[W]) {
    Pack<X, W> pack;
    for (int k = 0; k < W; k++) store(&pack.at[k], x[k]);
    *(Pack<X, W>*)place = pack;
}

// Whether rows of n numbers from these addresses on can be taken by packs of 4.
template <class... P>
__device__ inline bool packs_fit(int n, const P*... places) {
    return n % 4 == 0 && (... && ((unsigned long long)places % 16 == 0));
}

// Elementwise work: step(Width<W>(), i) for all packs of an array of n numbers, whatever the grid.
template <class Step>
__device__ inline void for_packs(long long n, bool fit, Step step) {
    long long thread = (long long)blockIdx.x * blockDim.x + threadIdx.x;
    long long threads = (long long)gridDim.x * blockDim.x, rest = fit ? n / 4 * 4 : 0;
    for (long long i = 4 * thread; i < rest; i += 4 * threads) step(Width<4>(), i);
    for (long long i = rest + thread; i < n; i += threads) step(Width<1>(), i);
}

// Work along the columns of an array (N, C): a block has a strip of `rows` rows, blockIdx.y says
// which, and each thread a pack of columns: step(Width<W>(), c, first row, end of the rows).
template <class Step>
__device__ inline void for_columns(int N, int C, int rows, bool fit, Step step) {
    int thread = blockIdx.x * blockDim.x + threadIdx.x, threads = gridDim.x * blockDim.x;
    int start = blockIdx.y * rows, stop = min(start + rows, N);
    for (int c = 4 * thread; fit && c < C; c += 4 * threads) step(Width<4>(), c, start, stop);
    for (int c = thread; !fit && c < C; c += threads) step(Width<1>(), c, start, stop);
}

// Dropout: whether element i is kept, which is so with probability 1 - threshold / 2^32. A hash of
// seed and i (splitmix64: Steele, Lea and Flood, 2014) stands for a mask, so none is stored.
__device__ inline bool kept(unsigned long long seed, long long i, unsigned threshold) {
    unsigned long long z = seed + ((unsigned long long)i + 1) * 0x9E3779B97F4A7C15ull;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
    return (unsigned)((z ^ (z >> 31)) >> 32) >= threshold;
}

// The sum over a block of whole warps, in every thread; `scratch` holds 32 floats. All threads of
// the block must call it.
__device__ inline float block_sum(float x, float* scratch) {
    x = warp_sum(x);
    __syncthreads();  // the last user of scratch has read it
    if (threadIdx.x % 32 == 0) scratch[threadIdx.x / 32] = x;
    __syncthreads();
    x = threadIdx.x % 32 < blockDim.x / 32 ? scratch[threadIdx.x % 32] : 0.0f;
    return warp_sum(x);
}

__device__ inline float block_max(float x, float* scratch) {
    x = warp_max(x);
    __syncthreads();
    if (threadIdx.x % 32 == 0) scratch[threadIdx.x / 32] = x;
    __syncthreads();
    x = threadIdx.x % 32 < blockDim.x / 32 ? scratch[threadIdx.x % 32] : -INFINITY_;
    return warp_max(x);
}

// Tensor cores: d (16, 8) += a (16, k) @ b (k, 8), spread over the 32 threads of a warp (PTX ISA,
// "Matrix fragments for mma.m16n8k8" and "mma.m16n8k16"). With g = lane / 4 and t = lane % 4:
//
//     d[0], d[1] at (g, 2t), (g, 2t + 1)          d[2], d[3] at (g + 8, 2t), (g + 8, 2t + 1)
//     tf32, k = 8:   a[0], a[1] at (g, t), (g + 8, t)       a[2], a[3] at (g, t + 4), (g + 8, t + 4)
//                    b[0], b[1] at (t, g), (t + 4, g)
//     bf16, k = 16:  each word is a pair, the lower half first
//                    a[0], a[1] at (g, 2t…), (g + 8, 2t…)   a[2], a[3] at (g, 2t + 8…), (g + 8, 2t + 8…)
//                    b[0], b[1] at (2t…, g), (2t + 8…, g)
#ifndef ON_CPU
__device__ inline word rounded_to_tf32(float x) {
    word y;
    asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(y) : "f"(x));
    return y;
}

__device__ inline void mma_tf32(float (&d)[4], const word (&a)[4], const word (&b)[2]) {
    asm volatile(
        "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 "
        "{%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
        : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}

__device__ inline void mma_bf16(float (&d)[4], const word (&a)[4], const word (&b)[2]) {
    asm volatile(
        "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 "
        "{%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
        : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}
#endif
