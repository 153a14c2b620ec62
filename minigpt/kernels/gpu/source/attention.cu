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
// How a block is laid out, and the macros that this file is compiled with: attention_tiles.cuh.

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
