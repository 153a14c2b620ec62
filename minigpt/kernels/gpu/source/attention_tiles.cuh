// What the kernels of attention.cu are made of: the rows of a head in shared memory, and products of
// a warp with them.
//
// A block is 4 warps with 16 rows each, of queries or of keys, of one head: blockIdx = (tile, head,
// sequence). Its rows stay in registers as left factors of mma, and so do its sums. The rows that
// they meet come through shared memory, TILE at a time; the next are on their way meanwhile.
//
// Macros: D, the size of a head. MMA: 0 for float32 and plain multiply-adds, 1 for float32 cut to
// tf32, 2 for bf16, both on tensor cores. DROP: 1 if weights are dropped; `seed`, `threshold` and
// `rescale`, which is 1 / (1 - p), mean nothing otherwise.

#if MMA == 2
typedef bf16 number;
#else
typedef float number;
#endif

constexpr int ROWS = 64, THREADS = 128;
constexpr int WIDTH = (D + 15) / 16 * 16;               // of a row as we compute: zeros from D on
constexpr int WORDS = WIDTH * (int)sizeof(number) / 4;  // the same in words
constexpr int STEPS = WORDS / 8;                        // mma's along a row
constexpr int PARTS = MMA == 2 ? 1 : 2;                 // mma's along 16 rows
// A row in shared memory begins 4 (mod 8) banks after the last one: so the reads of a warp, 4 words
// of 8 rows or 8 words of every other row, never meet in a bank.
constexpr int STRIDE = WORDS + 4;
constexpr int TILE = STRIDE <= 44 ? 64 : STRIDE <= 92 ? 32 : 16;  // 4 of them fit into 48 kB
constexpr int BLOCKS = WIDTH <= 64 ? 2 + MMA : 2;  // of queries at once on an SM, in the backward
constexpr float LN_2 = 0.6931471805599453f;

#define LANE ((int)threadIdx.x % 32)
// By way of lane 0, so that the compiler knows it to be the same in all threads of the warp.
#define WARP (__shfl_sync(0xffffffffu, (int)threadIdx.x / 32, 0))

// --- What PTX has one instruction for ------------------------------------------------------------

#if defined(ON_CPU) || __CUDA_ARCH__ < 800
template <int N>
__device__ inline void copy(word* to, const void* from, bool inside) {
    for (int i = 0; i < N; i++) to[i] = inside ? ((const word*)from)[i] : 0;
}
__device__ inline void wait_for_copies() {}
#else
template <int N>  // starts to copy N = 1 or 4 words, or zeros, to shared memory
__device__ inline void copy(word* to, const void* from, bool inside) {
    const word place = (word)__cvta_generic_to_shared(to), bytes = inside ? 4 * N : 0;
    if constexpr (N == 4)
        asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(place), "l"(from),
                     "r"(bytes) : "memory");
    else
        asm volatile("cp.async.ca.shared.global [%0], [%1], 4, %2;" ::"r"(place), "l"(from),
                     "r"(bytes) : "memory");
}
__device__ inline void wait_for_copies() { asm volatile("cp.async.wait_all;" ::: "memory"); }
#endif

#ifdef ON_CPU
__device__ inline float power_of_2(float x) { return exp2f(x); }
__device__ inline word packed(float low, float high) {
    return rounded_to_bf16(low).bits | (word)rounded_to_bf16(high).bits << 16;
}
__device__ inline word lower_halves(word x, word y) { return (x & 0xffff) | y << 16; }
__device__ inline word upper_halves(word x, word y) { return x >> 16 | (y & 0xffff0000u); }
#else
__device__ inline float power_of_2(float x) {
    float y;
    asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
    return y;
}
__device__ inline word packed(float low, float high) {
    word pair;
    asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(pair) : "f"(high), "f"(low));
    return pair;
}
__device__ inline word lower_halves(word x, word y) { return __byte_perm(x, y, 0x5410); }
__device__ inline word upper_halves(word x, word y) { return __byte_perm(x, y, 0x7632); }
#endif

// --- Products of a warp. g and t are a thread's row and place in a fragment, as in common.cuh -----

__device__ inline word operand(word x) {
    return MMA == 1 ? rounded_to_tf32(__uint_as_float(x)) : x;
}

__device__ inline void mma(float (&d)[4], const word (&a)[4], word b0, word b1) {
    word b[2] = {b0, b1};
    if constexpr (MMA == 1) mma_tf32(d, a, b);
    if constexpr (MMA == 2) mma_bf16(d, a, b);
}

__device__ inline float from_thread(int t, word x) {  // of the four that share a row
    return __uint_as_float(__shfl_sync(0xffffffffu, x, LANE / 4 * 4 + t));
}

// d (16, 8 N) += a (16, 8 words) @ rows.T, for 8 N rows of which 8 words are taken: counted in
// words, the fragments of bf16 and tf32 are the same. For float32, where there is no mma, a thread
// asks its neighbours for what they have of `a`.
template <int N>
__device__ inline void times_rows(float (&d)[N][4], const word (&a)[4], const word* rows) {
    const int g = LANE / 4, t = LANE % 4;
#pragma unroll
    for (int n = 0; MMA > 0 && n < N; n++) {
        const word* row = rows + (8 * n + g) * STRIDE + t;
        mma(d[n], a, operand(row[0]), operand(row[4]));
    }
#pragma unroll
    for (int half = 0; MMA == 0 && half < 2; half++) {
        float x[2][4], y[2][4];
#pragma unroll
        for (int i = 0; i < 8; i++) x[i / 4][i % 4] = from_thread(i % 4, a[2 * half + i / 4]);
#pragma unroll
        for (int n = 0; n < N; n++) {
            const float* row = (const float*)rows + (8 * n + 2 * t) * STRIDE + 4 * half;
            load_pack(y[0], row);
            load_pack(y[1], row + STRIDE);
#pragma unroll
            for (int i = 0; i < 16; i++) d[n][i % 4] += x[i % 4 / 2][i / 4] * y[i % 2][i / 4];
        }
    }
}

// A left factor (16, 16) from two sums (16, 8) side by side: a thread keeps its own numbers. In
// 32-bit factors its columns 2 t and 2 t + 1 take the places of t and t + 4; since it does not
// matter in which order products are summed, times_columns takes its rows in that order.
struct Left {
    word part[PARTS][4];
    __device__ Left(const float (&low)[4], const float (&high)[4]) {
        if constexpr (MMA == 2) {
            part[0][0] = packed(low[0], low[1]), part[0][1] = packed(low[2], low[3]);
            part[0][2] = packed(high[0], high[1]), part[0][3] = packed(high[2], high[3]);
        }
#pragma unroll
        for (int i = 0; MMA < 2 && i < 4; i++) {
            part[0][i / 2 + i % 2 * 2] = operand(__float_as_uint(low[i]));
            part[PARTS - 1][i / 2 + i % 2 * 2] = operand(__float_as_uint(high[i]));
        }
    }
};

// d (16, WIDTH) += a (16, 16) @ rows, for 16 rows. Of 16 columns, d[2 j] sums the even ones and
// d[2 j + 1] the odd ones: they lie side by side in the word, or two, that a thread reads of a row,
// and it ends up with 4 neighbouring columns, see store_sums.
__device__ inline void times_columns(float (&d)[WIDTH / 8][4], const Left& a, const word* rows) {
    const int g = LANE / 4, t = LANE % 4;
#pragma unroll
    for (int j = 0; j < WIDTH / 16; j++) {
        if constexpr (MMA == 2) {
            const word* place = rows + 2 * t * STRIDE + 8 * j + g;
            word x0 = place[0], x1 = place[STRIDE], x8 = place[8 * STRIDE], x9 = place[9 * STRIDE];
            mma(d[2 * j], a.part[0], lower_halves(x0, x1), lower_halves(x8, x9));
            mma(d[2 * j + 1], a.part[0], upper_halves(x0, x1), upper_halves(x8, x9));
        }
#pragma unroll
        for (int part = 0; MMA == 1 && part < PARTS; part++) {
            const word* place = rows + (8 * part + 2 * t) * STRIDE + 16 * j + 2 * g;
            auto x = *(const Pack<word, 2>*)place, y = *(const Pack<word, 2>*)(place + STRIDE);
            mma(d[2 * j], a.part[part], operand(x.at[0]), operand(y.at[0]));
            mma(d[2 * j + 1], a.part[part], operand(x.at[1]), operand(y.at[1]));
        }
    }
#pragma unroll
    for (int k = 0; MMA == 0 && k < 16; k++) {
        const word* left = a.part[k / 8 % PARTS] + k % 2 * 2;
        float x[2] = {from_thread(k % 8 / 2, left[0]), from_thread(k % 8 / 2, left[1])}, y[4];
#pragma unroll
        for (int j = 0; j < WIDTH / 16; j++) {
            load_pack(y, (const float*)rows + k * STRIDE + 16 * j + 4 * t);
#pragma unroll
            for (int i = 0; i < 8; i++) d[2 * j + i % 2][i / 2] += x[i / 4] * y[i % 4];
        }
    }
}

// --- Rows of a head: from memory, and back -------------------------------------------------------

// TILE rows of D numbers, `stride` apart, to shared memory; zeros for rows from `count` on.
__device__ inline void copy_rows(word* to, const number* from, int stride, int count) {
    constexpr int PACKS = WORDS / 4, TOGETHER = THREADS / PACKS;  // of 16 bytes; rows
    const int row = threadIdx.x / PACKS, column = threadIdx.x % PACKS * (16 / (int)sizeof(number));
    to += row * STRIDE + threadIdx.x % PACKS * 4;
    from += (long long)row * stride + column;
#pragma unroll
    for (int r = 0; r < TILE; r += TOGETHER, to += TOGETHER * STRIDE, from += TOGETHER * stride) {
        if (row >= TOGETHER || row + r >= TILE) continue;
        if constexpr (D * sizeof(number) % 16 == 0) {
            copy<4>(to, from, row + r < count && column < D);
        } else {
            for (int i = 0; i < 16 / (int)sizeof(number); i++)
                store((number*)to + i, row + r < count && column + i < D ? value(from[i]) : 0.0f);
        }
    }
}

// Tile i of two arrays of T rows to shared memory, where there is room for two tiles of each.
__device__ inline void copy_tiles(word* shared, int i, int T, const number* a, int a_stride,
                                  const number* b, int b_stride) {
    const long long row = i * TILE;
    shared += i % 2 * 2 * TILE * STRIDE;
    copy_rows(shared, a + row * a_stride, a_stride, T - i * TILE);
    copy_rows(shared + TILE * STRIDE, b + row * b_stride, b_stride, T - i * TILE);
}

// The 16 rows from `first` on as left factors, read where they are: each thread needs other words.
__device__ inline void load_left(word (&a)[STEPS][4], const number* from, int stride, int first,
                                 int T) {
    constexpr int EACH = 4 / (int)sizeof(number);
#pragma unroll
    for (int i = 0; i < 4 * STEPS; i++) {
        const int row = first + LANE / 4 + i % 2 * 8;
        const int column = (i / 4 * 8 + i % 4 / 2 * 4 + LANE % 4) * EACH;
        const number* place = from + (long long)row * stride + column;
        word x = 0;
        if constexpr (D % EACH == 0) {
            if (row < T && column < D) x = *(const word*)place;
        } else {
            for (int j = 0; j < EACH; j++)  // of bf16, value() is the upper half
                if (row < T && column + j < D)
                    x |= __float_as_uint(value(place[j])) >> 16 << 16 * j;
        }
        a[i / 4][i % 4] = operand(x);
    }
}

// What times_columns has summed, times a factor for each of the thread's two rows, to the 16 rows
// from `first` on.
__device__ inline void store_sums(const float (&d)[WIDTH / 8][4], const float (&factor)[2],
                                  number* to, int stride, int first, int T) {
#pragma unroll
    for (int i = 0; i < WIDTH / 8; i++) {
        const int row = first + LANE / 4 + i % 2 * 8, column = i / 2 * 16 + LANE % 4 * 4;
        float x[4];
        for (int j = 0; j < 4; j++) x[j] = d[i / 2 * 2 + j % 2][i % 2 * 2 + j / 2] * factor[i % 2];
        number* place = to + (long long)row * stride + column;
        if constexpr (D % 4 == 0) {
            if (row < T && column < D) store_pack(place, x);
        } else {
            for (int j = 0; j < 4; j++)
                if (row < T && column + j < D) store(place + j, x[j]);
        }
    }
}

struct Head {  // this block's: its number, the row and column where it begins, and C = H D
    long long head, row;
    int column, C;
    __device__ Head(int T)
        : head((long long)blockIdx.z * gridDim.y + blockIdx.y), row((long long)blockIdx.z * T),
          column(blockIdx.y * D), C(gridDim.y * D) {}
};

struct Dropout {  // of the weights (T, T) of the head with this number
    unsigned long long seed;
    unsigned threshold;
    float rescale;
    long long head;
    int T;
    __device__ float factor(int query, int key) const {
        if constexpr (DROP == 0) return 1;
        return kept(seed, (head * T + query) * T + key, threshold) ? rescale : 0.0f;
    }
};

// Scores (16, 8 N) from this row and column on: minus infinity where a key comes after its query.
// Rows are queries and columns keys, or, with KEYS, the other way round.
template <bool KEYS, int N>
__device__ inline void mask_future(float (&scores)[N][4], int row, int column) {
    row += LANE / 4, column += LANE % 4 * 2;
#pragma unroll
    for (int i = 0; i < 4 * N; i++) {
        const int r = row + i % 4 / 2 * 8, c = column + i / 4 * 8 + i % 2;
        if (KEYS ? r > c : c > r) scores[i / 4][i % 4] = -INFINITY_;
    }
}
