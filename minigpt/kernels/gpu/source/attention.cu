// Causal attention as three fused kernels: nothing of the size of the scores (T, T) is ever stored.
//
//     forward      y = (e @ v) / sum of e           e = exp(scores - max)
//     backward     p = exp(scores - logsumexp)      the weights, computed once more
//                  dscores = p (dy @ v.T - along)   along = sum(dy y), by row
//                  dv = p.T @ dy      dk = dscores.T @ q / sqrt(D)      dq = dscores @ k / sqrt(D)
//
// The forward meets the keys tile by tile; where a tile has a larger maximum, what was summed so
// far shrinks by exp(old - new). In the backward, one kernel goes along the queries of some keys,
// for dk and dv, and one along the keys of some queries, for dq: a sum has one owner and one order,
// so its bits are always the same. Exponents are to base 2: `scale` is log2(e) / sqrt(D).
// (Milakov and Gimelshein, 2018; Dao et al., "FlashAttention", 2022; Dao, "FlashAttention-2", 2023)
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

// --- Products of a warp. g and t are a thread's row and place in a fragment, as in common.cu -----

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

// --- Forward -------------------------------------------------------------------------------------

template <class F>
__device__ inline float over_row(float x, F both) {  // of the four threads that share a row
    x = both(x, __shfl_xor_sync(0xffffffffu, x, 1));
    return both(x, __shfl_xor_sync(0xffffffffu, x, 2));
}

// From the scores of a tile to e = 2^(scale (score - top)); top, the maximum by row, follows, and
// with it `sum`, which is this thread's part of the sum of e, and y.
__device__ inline void to_exponentials(float (&e)[TILE / 8][4], float (&top)[2], float (&sum)[2],
                                       float (&y)[WIDTH / 8][4], float scale) {
#pragma unroll
    for (int r = 0; r < 2; r++) {
        const float old = top[r];
#pragma unroll
        for (int i = 0; i < TILE / 4; i++) top[r] = fmaxf(top[r], e[i / 2][2 * r + i % 2]);
        top[r] = over_row(top[r], [](float x, float y) { return fmaxf(x, y); });
        const float shrink = power_of_2((old - top[r]) * scale), shift = top[r] * scale;
        sum[r] *= shrink;
#pragma unroll
        for (int i = 0; i < WIDTH / 4; i++) y[i / 2][2 * r + i % 2] *= shrink;
#pragma unroll
        for (int i = 0; i < TILE / 4; i++) {
            float& score = e[i / 2][2 * r + i % 2];
            sum[r] += score = power_of_2(score * scale - shift);
        }
    }
}

// From qkv (B, T, 3 C) to y (B, T, C) and logsumexp (B, H, T): of scale * scores, to base 2. The
// blocks with most to do, those of the last queries, are the first to start.
extern "C" __global__ void __launch_bounds__(THREADS)
    forward(const number* qkv, number* y, float* logsumexp, int T, float scale,
            unsigned long long seed, unsigned threshold, float rescale) {
    __shared__ Pack<word, 4> memory[TILE * STRIDE];
    word* shared = memory[0].at;
    const Head at(T);
    const number *q = qkv + at.row * 3 * at.C + at.column, *k = q + at.C, *v = k + at.C;
    const Dropout dropout = {seed, threshold, rescale, at.head, T};
    const int first = (gridDim.x - 1 - blockIdx.x) * ROWS, end = min(first + ROWS, T);
    const int query = first + 16 * WARP, g = LANE / 4, t = LANE % 4;

    word left[STEPS][4];
    copy_tiles(shared, 0, T, k, 3 * at.C, v, 3 * at.C);
    load_left(left, q, 3 * at.C, query, T);
    float sums[WIDTH / 8][4] = {}, top[2] = {-INFINITY_, -INFINITY_}, sum[2] = {};
    for (int i = 0; i * TILE < end; i++) {
        const int key = i * TILE;
        wait_for_copies();
        __syncthreads();  // tile i is here, and tile i - 1 is no longer read
        if (key + TILE < end) copy_tiles(shared, i + 1, T, k, 3 * at.C, v, 3 * at.C);
        const word *k_rows = shared + i % 2 * 2 * TILE * STRIDE, *v_rows = k_rows + TILE * STRIDE;
        if (key >= query + 16 || query >= T) continue;
        float e[TILE / 8][4] = {};
#pragma unroll
        for (int step = 0; step < STEPS; step++) times_rows(e, left[step], k_rows + 8 * step);
        if (key + TILE - 1 > query) mask_future<false>(e, query, key);
        to_exponentials(e, top, sum, sums, scale);
#pragma unroll
        for (int j = 0; DROP && j < TILE / 2; j++) {
            const int r = query + g + j % 4 / 2 * 8, c = key + j / 4 * 8 + 2 * t + j % 2;
            e[j / 4][j % 4] *= dropout.factor(r, c);
        }
#pragma unroll
        for (int j = 0; j < TILE / 16; j++)
            times_columns(sums, Left(e[2 * j], e[2 * j + 1]), v_rows + 16 * j * STRIDE);
    }
    for (int r = 0; r < 2; r++) {
        sum[r] = over_row(sum[r], [](float x, float y) { return x + y; });
        const int row = query + g + 8 * r;
        if (t == 0 && row < T) logsumexp[at.head * T + row] = top[r] * scale + log2f(sum[r]);
        sum[r] = 1 / sum[r];
    }
    store_sums(sums, sum, y + at.row * at.C + at.column, at.C, query, T);
}

// --- Backward ------------------------------------------------------------------------------------

// along (B, H, T): the sum of dy y over the D numbers of a head, by one warp; dy and y (B, T, C).
extern "C" __global__ void along(const number* dy, const number* y, float* sums, int B, int T,
                                 int H) {
    const long long i = (long long)blockIdx.x * (blockDim.x / 32) + WARP;  // (sequence, row, head)
    const bool inside = i < (long long)B * T * H;
    float sum = 0;
    for (int d = LANE; inside && d < D; d += 32) sum += value(dy[i * D + d]) * value(y[i * D + d]);
    sum = warp_sum(sum);
    const long long row = i / H;
    if (inside && LANE == 0) sums[(row / T * H + i % H) * T + row % T] = sum;
}

// From 16 x 16 scores and dy @ v.T to weights, as they were used, and dscores; rows and columns as
// for mask_future. A thread has logsumexp and along of its queries: of 2 rows, or of 4 columns.
template <bool KEYS>
__device__ inline void to_gradients(float (&p)[2][4], float (&dp)[2][4], const float* logsumexp,
                                    const float* along, int row, int column, float scale,
                                    const Dropout& dropout) {
    if (KEYS ? row + 15 > column : column + 15 > row) mask_future<KEYS>(p, row, column);
    row += LANE / 4, column += LANE % 4 * 2;
#pragma unroll
    for (int i = 0; i < 8; i++) {
        const int r = row + i % 4 / 2 * 8, c = column + i / 4 * 8 + i % 2;
        const int query = KEYS ? i / 4 * 2 + i % 2 : i % 4 / 2;
        const float factor = KEYS ? dropout.factor(c, r) : dropout.factor(r, c);
        const float weight = power_of_2(p[i / 4][i % 4] * scale - logsumexp[query]);
        p[i / 4][i % 4] = weight * factor;
        dp[i / 4][i % 4] = weight * (dp[i / 4][i % 4] * factor - along[query]);
    }
}

// dq, into its third of dqkv (B, T, 3 C), from dy (B, T, C), logsumexp and along (B, H, T).
extern "C" __global__ void __launch_bounds__(THREADS, BLOCKS)
    backward_queries(const number* qkv, const number* dy, const float* logsumexp,
                     const float* along, number* dqkv, int T, float scale, unsigned long long seed,
                     unsigned threshold, float rescale) {
    __shared__ Pack<word, 4> memory[TILE * STRIDE];
    word* shared = memory[0].at;
    const Head at(T);
    const long long place = at.row * 3 * at.C + at.column;
    const number *k = qkv + place + at.C, *v = k + at.C;
    const Dropout dropout = {seed, threshold, rescale, at.head, T};
    const int first = (gridDim.x - 1 - blockIdx.x) * ROWS, end = min(first + ROWS, T);
    const int query = first + 16 * WARP;

    word q_left[STEPS][4], dy_left[STEPS][4];
    copy_tiles(shared, 0, T, k, 3 * at.C, v, 3 * at.C);
    load_left(q_left, qkv + place, 3 * at.C, query, T);
    load_left(dy_left, dy + at.row * at.C + at.column, at.C, query, T);
    float dq[WIDTH / 8][4] = {}, logs[2], alongs[2];
    for (int r = 0; r < 2; r++) {
        const int row = query + LANE / 4 + 8 * r;
        logs[r] = row < T ? logsumexp[at.head * T + row] : 0;
        alongs[r] = row < T ? along[at.head * T + row] : 0;
    }
    for (int start = 0, i = 0; start < end; start += TILE, i++) {
        wait_for_copies();
        __syncthreads();
        if (start + TILE < end) copy_tiles(shared, i + 1, T, k, 3 * at.C, v, 3 * at.C);
        const word *k_rows = shared + i % 2 * 2 * TILE * STRIDE, *v_rows = k_rows + TILE * STRIDE;
        for (int key = start; key < min(start + TILE, query + 16) && query < T; key += 16) {
            float p[2][4] = {}, dscores[2][4] = {};
#pragma unroll
            for (int step = 0; step < STEPS; step++) {
                times_rows(p, q_left[step], k_rows + 8 * step);
                times_rows(dscores, dy_left[step], v_rows + 8 * step);
            }
            to_gradients<false>(p, dscores, logs, alongs, query, key, scale, dropout);
            times_columns(dq, Left(dscores[0], dscores[1]), k_rows);
            k_rows += 16 * STRIDE, v_rows += 16 * STRIDE;
        }
    }
    const float factor[2] = {scale * LN_2, scale * LN_2};  // 1 / sqrt(D)
    store_sums(dq, factor, dqkv + place, 3 * at.C, query, T);
}

// dk and dv, into their thirds of dqkv, from the same. Here rows are keys.
extern "C" __global__ void __launch_bounds__(THREADS)
    backward_keys(const number* qkv, const number* dy, const float* logsumexp,
                  const float* along, number* dqkv, int T, float scale, unsigned long long seed,
                  unsigned threshold, float rescale) {
    __shared__ Pack<word, 4> memory[TILE * STRIDE];
    __shared__ word of_queries[2][2][TILE];  // logsumexp and along
    word* shared = memory[0].at;
    const Head at(T);
    const long long place = at.row * 3 * at.C + at.column;
    const number *q = qkv + place, *dy_head = dy + at.row * at.C + at.column;
    const Dropout dropout = {seed, threshold, rescale, at.head, T};
    const int first = blockIdx.x * ROWS, key = first + 16 * WARP;

    auto copy_queries = [=](int i) {
        copy_tiles(shared, i, T, q, 3 * at.C, dy_head, at.C);
        const int j = threadIdx.x % TILE, row = i * TILE + j, which = threadIdx.x / TILE;
        const float* from = (which == 0 ? logsumexp : along) + at.head * T + row;
        if (which < 2) copy<1>(&of_queries[i % 2][which][j], from, row < T);
    };
    word k_left[STEPS][4], v_left[STEPS][4];
    copy_queries(first / TILE);
    load_left(k_left, q + at.C, 3 * at.C, key, T);
    load_left(v_left, q + 2 * at.C, 3 * at.C, key, T);
    float dk[WIDTH / 8][4] = {}, dv[WIDTH / 8][4] = {};
    for (int i = first / TILE; i * TILE < T; i++) {
        wait_for_copies();
        __syncthreads();
        if ((i + 1) * TILE < T) copy_queries(i + 1);
        const word *q_rows = shared + i % 2 * 2 * TILE * STRIDE, *dy_rows = q_rows + TILE * STRIDE;
        for (int j = 0; j < TILE; j += 16, q_rows += 16 * STRIDE, dy_rows += 16 * STRIDE) {
            const int query = i * TILE + j;
            if (query + 16 <= key || query >= T) continue;
            float p[2][4] = {}, dscores[2][4] = {}, logs[4], alongs[4];
#pragma unroll
            for (int step = 0; step < STEPS; step++) {
                times_rows(p, k_left[step], q_rows + 8 * step);
                times_rows(dscores, v_left[step], dy_rows + 8 * step);
            }
            for (int n = 0; n < 4; n++) {
                const int row = j + n / 2 * 8 + LANE % 4 * 2 + n % 2;
                logs[n] = __uint_as_float(of_queries[i % 2][0][row]);
                alongs[n] = __uint_as_float(of_queries[i % 2][1][row]);
            }
            to_gradients<true>(p, dscores, logs, alongs, key, query, scale, dropout);
            times_columns(dv, Left(p[0], p[1]), dy_rows);
            times_columns(dk, Left(dscores[0], dscores[1]), q_rows);
        }
    }
    const float factor[2] = {scale * LN_2, scale * LN_2}, one[2] = {1, 1};
    store_sums(dk, factor, dqkv + place + at.C, 3 * at.C, key, T);
    store_sums(dv, one, dqkv + place + 2 * at.C, 3 * at.C, key, T);
}

// x (N, C) += bias (C), in place; rows are taken in strips, see for_columns.
extern "C" __global__ void add_bias(number* x, const float* bias, int N, int C, int rows) {
    for_columns(N, C, rows, packs_fit(C, x, bias), [=](auto width, int c, int start, int stop) {
        constexpr int W = decltype(width)::value;
        float part[W], shift[W];
        load_pack(shift, bias + c);
        for (int row = start; row < stop; row++) {
            load_pack(part, x + (long long)row * C + c);
            for (int i = 0; i < W; i++) part[i] += shift[i];
            store_pack(x + (long long)row * C + c, part);
        }
    });
}
