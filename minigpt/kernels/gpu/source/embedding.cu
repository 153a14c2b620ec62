// The gradient of an embedding: dweight[id] += the sum of the rows of dy with this id.
//
// Several rows may have the same id, and atomic additions would take them in any order, with other
// bits each time. So the ids are sorted, which brings equal ones together in runs, in the order of
// their positions. Runs may be long (a space, a padding): the sorted positions are cut into windows,
// each block sums the runs of one window, and what goes on from the window before is added last.

#define WINDOW 32

// Sort by counting how many ids are smaller, or equal and earlier: that is an id's place. It takes
// N^2 comparisons, which for the tokens of a batch are done before a sort that moves data (and that
// the host waits for, as for CuPy's) would be. A thread has an id.
extern "C" __global__ void sort_ids(const int* ids, int* sorted, int* order, int N) {
    __shared__ int tile[256];
    int i = blockIdx.x * 256 + threadIdx.x, id = i < N ? ids[i] : 0, place = 0;
    for (int start = 0; start < N; start += 256) {
        __syncthreads();  // the last tile has been read
        int j = start + threadIdx.x;
        tile[threadIdx.x] = j < N ? ids[j] : 0x7fffffff;
        __syncthreads();
#pragma unroll 16
        for (int k = 0; k < 256; k++) place += tile[k] < id + (start + k < i);
    }
    if (i >= N) return;
    sorted[place] = id;
    order[place] = i;
}

// Sum the runs of one window, blockIdx.y. A run that begins in it is added to dweight (V, C); one
// that goes on from the window before is put into carry (windows, C).
extern "C" __global__ void add_windows(const int* sorted, const int* order,
                                       const float* __restrict__ dy, float* __restrict__ dweight,
                                       float* __restrict__ carry, int N, int C) {
    __shared__ int ids[WINDOW], from[WINDOW];
    int begin = blockIdx.y * WINDOW, count = min(WINDOW, N - begin);
    if (threadIdx.x < count) {
        ids[threadIdx.x] = sorted[begin + threadIdx.x];
        from[threadIdx.x] = order[begin + threadIdx.x];
    }
    __syncthreads();
    bool goes_on = begin > 0 && sorted[begin - 1] == ids[0], fit = packs_fit(C, dy, dweight, carry);
    for_columns(N, C, WINDOW, fit, [=](auto width, int c, int, int) {
        constexpr int W = decltype(width)::value;
        float part[W], sum[W] = {};
        bool carried = goes_on;
#pragma unroll 4
        for (int k = 0; k < count; k++) {
            load_pack(part, dy + (long long)from[k] * C + c);
            for (int j = 0; j < W; j++) sum[j] += part[j];
            if (k + 1 < count && ids[k + 1] == ids[k]) continue;
            float* place = carried ? carry + (long long)blockIdx.y * C + c
                                   : dweight + (long long)ids[k] * C + c;
            if (!carried) {
                load_pack(part, place);
                for (int j = 0; j < W; j++) sum[j] += part[j];
            }
            store_pack(place, sum);
            for (int j = 0; j < W; j++) sum[j] = 0;
            carried = false;
        }
    });
}

// Add what was carried. The block of the first window that a run goes on into, blockIdx.y + 1, sums
// the carries of this and all later windows that begin with the same id.
extern "C" __global__ void add_carries(const int* sorted, const float* carry, float* dweight,
                                       int N, int C) {
    int window = blockIdx.y + 1, begin = window * WINDOW, id = sorted[begin];
    bool first = window == 1 || sorted[begin - WINDOW - 1] != id;
    if (sorted[begin - 1] != id || !first) return;
    for_columns(N, C, WINDOW, packs_fit(C, carry, dweight), [=](auto width, int c, int, int) {
        constexpr int W = decltype(width)::value;
        float part[W], sum[W];
        load_pack(sum, dweight + (long long)id * C + c);
        for (int w = window; w * WINDOW < N && sorted[w * WINDOW] == id; w++) {
            load_pack(part, carry + (long long)w * C + c);
            for (int j = 0; j < W; j++) sum[j] += part[j];
        }
        store_pack(dweight + (long long)id * C + c, sum);
    });
}
