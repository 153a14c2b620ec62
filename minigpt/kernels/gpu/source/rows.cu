// What is computed row by row: layer norm, softmax with cross-entropy, and sums over all rows.
//
// T is the type of what becomes a factor of a matrix product: float or bf16.

#ifndef T
#define T float
#endif

// --- Layer norm: a warp has a row ------------------------------------------------------------------

// y = (x - mean) rstd weight + bias,        rstd = 1 / sqrt(variance + eps)
//
// The row is read three times, and after the first time it lies in the L1 cache. `stats` (2, N) gets
// the means of all rows, then their rstd.
template <int W>
__device__ void normalise(const float* x, const float* weight, const float* bias, float* y,
                          float* mean, float* rstd, int C, float eps) {
    int first = threadIdx.x % 32 * W;
    float part[W], scale[W], shift[W], sum = 0, squares = 0;
    for (int c = first; c < C; c += 32 * W) {
        load_pack(part, x + c);
        for (int k = 0; k < W; k++) sum += part[k];
    }
    float m = warp_sum(sum) / C;
    for (int c = first; c < C; c += 32 * W) {
        load_pack(part, x + c);
        for (int k = 0; k < W; k++) squares += (part[k] - m) * (part[k] - m);
    }
    float r = 1 / sqrtf(warp_sum(squares) / C + eps);
    for (int c = first; c < C; c += 32 * W) {
        load_pack(part, x + c);
        load_pack(scale, weight + c);
        if (bias) load_pack(shift, bias + c);
        for (int k = 0; k < W; k++)
            part[k] = (part[k] - m) * r * scale[k] + (bias ? shift[k] : 0);
        store_pack(y + c, part);
    }
    if (threadIdx.x % 32 == 0) {
        *mean = m;
        *rstd = r;
    }
}

extern "C" __global__ void layernorm(const float* x, const float* weight, const float* bias,
                                     float* y, float* stats, int N, int C, float eps) {
    int row = blockIdx.x * (blockDim.x / 32) + threadIdx.x / 32;
    if (row >= N) return;  // a whole warp
    bool fit = packs_fit(C, x, weight, bias, y);
    long long at = (long long)row * C;
    float *mean = stats + row, *rstd = stats + N + row;
    if (fit) normalise<4>(x + at, weight, bias, y + at, mean, rstd, C, eps);
    else normalise<1>(x + at, weight, bias, y + at, mean, rstd, C, eps);
}

// n = (x - mean) rstd        dn = dy weight
// dx = rstd (dn - mean(dn) - n mean(dn n))
template <int W>
__device__ void undo_normalise(const float* __restrict__ dy, const float* __restrict__ x,
                               const float* __restrict__ weight, float* __restrict__ dx,
                               float mean, float rstd, int C) {
    int first = threadIdx.x % 32 * W;
    float n[W], dn[W], scale[W], sum = 0, along = 0;
#pragma unroll 3
    for (int c = first; c < C; c += 32 * W) {
        load_pack(n, x + c);
        load_pack(dn, dy + c);
        load_pack(scale, weight + c);
        for (int k = 0; k < W; k++) {
            sum += dn[k] * scale[k];
            along += dn[k] * scale[k] * ((n[k] - mean) * rstd);
        }
    }
    sum = warp_sum(sum) / C;
    along = warp_sum(along) / C;
#pragma unroll 3
    for (int c = first; c < C; c += 32 * W) {
        load_pack(n, x + c);
        load_pack(dn, dy + c);
        load_pack(scale, weight + c);
        for (int k = 0; k < W; k++)
            dn[k] = rstd * (dn[k] * scale[k] - sum - (n[k] - mean) * rstd * along);
        store_pack(dx + c, dn);
    }
}

extern "C" __global__ void layernorm_backward(const float* dy, const float* x, const float* stats,
                                              const float* weight, float* dx, int N, int C) {
    int row = blockIdx.x * (blockDim.x / 32) + threadIdx.x / 32;
    if (row >= N) return;  // a whole warp
    bool fit = packs_fit(C, dy, x, weight, dx);
    long long at = (long long)row * C;
    float mean = stats[row], rstd = stats[N + row];
    if (fit) undo_normalise<4>(dy + at, x + at, weight, dx + at, mean, rstd, C);
    else undo_normalise<1>(dy + at, x + at, weight, dx + at, mean, rstd, C);
}

// --- Sums over all rows ----------------------------------------------------------------------------
//
// They are taken in an order that never changes, so that the bits do not: first each strip of rows
// by itself, see for_columns, into partial (strips, C); then sum_strips adds the strips up.

// Strips of dweight = sum of dy n and dbias = sum of dy, side by side: partial (strips, 2 C).
extern "C" __global__ void layernorm_strips(const float* dy, const float* x, const float* stats,
                                            float* partial, int N, int C, int rows) {
    bool fit = packs_fit(C, dy, x, partial);
    for_columns(N, C, rows, fit, [=](auto width, int c, int start, int stop) {
        constexpr int W = decltype(width)::value;
        float d[W], n[W], dweight[W] = {}, dbias[W] = {};
#pragma unroll 4
        for (int row = start; row < stop; row++) {
            load_pack(d, dy + (long long)row * C + c);
            load_pack(n, x + (long long)row * C + c);
            float mean = stats[row], rstd = stats[N + row];
            for (int k = 0; k < W; k++) {
                dweight[k] += d[k] * ((n[k] - mean) * rstd);
                dbias[k] += d[k];
            }
        }
        float* place = partial + (long long)blockIdx.y * 2 * C + c;
        store_pack(place, dweight);
        store_pack(place + C, dbias);
    });
}

// Strips of the column sums of x (N, C).
extern "C" __global__ void column_strips(const T* x, float* partial, int N, int C, int rows) {
    bool fit = packs_fit(C, x, partial);
    for_columns(N, C, rows, fit, [=](auto width, int c, int start, int stop) {
        constexpr int W = decltype(width)::value;
        float part[W], sum[W] = {};
#pragma unroll 4
        for (int row = start; row < stop; row++) {
            load_pack(part, x + (long long)row * C + c);
            for (int k = 0; k < W; k++) sum[k] += part[k];
        }
        store_pack(partial + (long long)blockIdx.y * C + c, sum);
    });
}

// The same, and y = x in bf16 on the way.
extern "C" __global__ void cast_strips(const float* __restrict__ x, bf16* __restrict__ y,
                                       float* partial, int N, int C, int rows) {
    bool fit = packs_fit(C, x, y, partial);
    for_columns(N, C, rows, fit, [=](auto width, int c, int start, int stop) {
        constexpr int W = decltype(width)::value;
        float part[W], sum[W] = {};
#pragma unroll 4
        for (int row = start; row < stop; row++) {
            load_pack(part, x + (long long)row * C + c);
            store_pack(y + (long long)row * C + c, part);
            for (int k = 0; k < W; k++) sum[k] += part[k];
        }
        store_pack(partial + (long long)blockIdx.y * C + c, sum);
    });
}

// sums (C) = the sum over the strips of partial (strips, C). A block of 8 warps has 8 columns, the
// 32 bytes that memory gives at once; each of its 32 rows of threads takes every 32nd strip.
extern "C" __global__ void sum_strips(const float* partial, float* sums, int strips, int C) {
    __shared__ float parts[8][8];
    int column = threadIdx.x % 8, c = blockIdx.x * 8 + column;
    float sum = 0;
#pragma unroll 8
    for (int strip = threadIdx.x / 8; c < C && strip < strips; strip += 32)
        sum += partial[(long long)strip * C + c];
    sum += __shfl_xor_sync(0xffffffffu, sum, 8);  // a warp has 4 rows of threads
    sum += __shfl_xor_sync(0xffffffffu, sum, 16);
    parts[threadIdx.x / 32][column] = sum;
    __syncthreads();
    if (threadIdx.x >= 8 || c >= C) return;
    for (int k = 1; k < 8; k++) sum += parts[k][column];
    sums[c] = sum;
}

// --- Softmax and cross-entropy: a block has a row ---------------------------------------------------

// loss = ln(sum of exp(x)) - x[target]        dlogits = (softmax(x) - one_hot(target)) scale
//
// Rows whose target is no id (that is ignored) get 0 for both. With a largest logit seen so far,
// the sum of exp(x - largest) is corrected when a larger one is met, so one reading gives both; the
// second, which writes, goes backwards, because the end of the row is still in the cache. dlogits
// may be the logits themselves, or null if only the loss is wanted.
template <int W>
__device__ void softmax_row(const float* logits, T* dlogits, long long target, float scale,
                            float* loss, int V) {
    __shared__ float scratch[32];
    constexpr int TOGETHER = 4;  // loads that are under way at once
    bool counted = target >= 0 && target < V;
    float right = counted ? logits[target] : 0, largest = -3.4e38f, sum = 0, part[W];
    int first = threadIdx.x * W, step = blockDim.x * W;
    for (int c = first; c < V; c += TOGETHER * step) {
        float x[TOGETHER][W], top = largest;
        for (int j = 0; j < TOGETHER; j++) {
            for (int k = 0; k < W; k++) x[j][k] = -INFINITY_;
            if (c + j * step < V) load_pack(x[j], logits + c + j * step);
            for (int k = 0; k < W; k++) top = fmaxf(top, x[j][k]);
        }
        sum *= expf(largest - top);
        largest = top;
        for (int j = 0; j < TOGETHER; j++)
            for (int k = 0; k < W; k++) sum += expf(x[j][k] - top);
    }
    float top = block_max(largest, scratch);
    sum = block_sum(sum * expf(largest - top), scratch);
    if (threadIdx.x == 0) *loss = counted ? logf(sum) - (right - top) : 0;
    if (!dlogits) return;
    float factor = scale / sum;
    for (int c = first + (V - 1 - first) / step * step; c >= first && first < V; c -= step) {
        load_pack(part, logits + c);
        for (int k = 0; k < W; k++)
            part[k] = counted ? expf(part[k] - top) * factor - (c + k == target ? scale : 0) : 0;
        store_pack(dlogits + c, part);
    }
}

extern "C" __global__ void __launch_bounds__(1024, 1)
    softmax_minus_target(const float* logits, T* dlogits, const long long* targets,
                         const float* scale, float* losses, int V) {
    long long row = blockIdx.x;
    T* to = dlogits ? dlogits + row * V : dlogits;
    bool fit = packs_fit(V, logits, dlogits);
    if (fit) softmax_row<4>(logits + row * V, to, targets[row], *scale, losses + row, V);
    else softmax_row<1>(logits + row * V, to, targets[row], *scale, losses + row, V);
}
