// Puts the lines of two texts beside each other, and finds what differs within a pair of lines.

const MAX_DIFF_CELLS = 4e6; // beyond, lines that differ are paired in order

// Rows of (index in left | null, index in right | null): equal lines share a row, by longest common subsequence.
function aligned(left, right) {
  let start = 0;
  while (start < left.length && start < right.length && left[start] === right[start]) start++;
  let tail = 0;
  const room = Math.min(left.length, right.length) - start;
  while (tail < room && left[left.length - 1 - tail] === right[right.length - 1 - tail]) tail++;
  const rows = [];
  for (let i = 0; i < start; i++) rows.push([i, i]);
  const middle = [left.length - tail, right.length - tail];
  rows.push(...replaced(common(left, right, start, ...middle), start, ...middle));
  for (let i = 0; i < tail; i++) rows.push([middle[0] + i, middle[1] + i]);
  return rows;
}

// Pairs of indices of equal lines between `start` and the ends, in order.
function common(left, right, start, leftEnd, rightEnd) {
  const [height, width] = [leftEnd - start, rightEnd - start];
  if (height * width > MAX_DIFF_CELLS) return [];
  const longest = Array.from({ length: height + 1 }, () => new Uint32Array(width + 1));
  for (let i = height - 1; i >= 0; i--)
    for (let j = width - 1; j >= 0; j--)
      longest[i][j] =
        left[start + i] === right[start + j]
          ? longest[i + 1][j + 1] + 1
          : Math.max(longest[i + 1][j], longest[i][j + 1]);
  const pairs = [];
  for (let i = 0, j = 0; i < height && j < width; ) {
    if (left[start + i] === right[start + j]) pairs.push([start + i++, start + j++]);
    else if (longest[i + 1][j] >= longest[i][j + 1]) i++;
    else j++;
  }
  return pairs;
}

// Fills the gaps between equal lines: what was there beside what came instead.
function replaced(pairs, start, leftEnd, rightEnd) {
  const rows = [];
  let [i, j] = [start, start];
  for (const [nextLeft, nextRight] of [...pairs, [leftEnd, rightEnd]]) {
    for (; i < nextLeft || j < nextRight; ) rows.push([i < nextLeft ? i++ : null, j < nextRight ? j++ : null]);
    if (i < leftEnd && j < rightEnd) rows.push([i++, j++]);
  }
  return rows;
}

// The part of `left` and of `right` that is not in the other, each as [start, end]; null where they share too little.
function changed(left, right) {
  let start = 0;
  while (start < left.length && start < right.length && left[start] === right[start]) start++;
  let tail = 0;
  const room = Math.min(left.length, right.length) - start;
  while (tail < room && left[left.length - 1 - tail] === right[right.length - 1 - tail]) tail++;
  if (start && /[\ud800-\udbff]/.test(left[start - 1])) start--; // never between the halves of one character
  if (tail && /[\udc00-\udfff]/.test(left[left.length - tail])) tail--;
  const shared = left.slice(0, start).trim().length + left.slice(left.length - tail).trim().length;
  if (shared * 3 < Math.min(left.trim().length, right.trim().length)) return null;
  return [[start, left.length - tail], [start, right.length - tail]];
}
