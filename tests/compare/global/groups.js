// Regular expressions of hundreds of groups, as grammars of editors have them, and messages that are long.
const f = {};
const t = (name, what) => { try { f[name] = what(); } catch (e) { f[name] = `${e.name}: ${e.message}`; } };
const letters = (n) => Array.from({ length: n }, (_, i) => String.fromCharCode(97 + i % 26));
export default { fetch() {
  for (const n of [253, 254, 255, 256, 257, 511, 1000])
    t(`${n} groups`, () => { const m = new RegExp(letters(n).map((c) => `(${c})`).join('')).exec(letters(n).join('')); return [m.length, m[n], m.at(-2)]; });
  t('a number behind 255', () => new RegExp(`${'()'.repeat(299)}(x)-\\300`).exec('x-x'));
  t('a number that is none', () => new RegExp(`${'()'.repeat(299)}(x)-\\301`, 'u'));
  t('names', () => Object.entries(new RegExp(letters(400).map((c, i) => `(?<n${i}>${c})`).join('')).exec(letters(400).join('')).groups).filter(([, v]) => v === 'q').map(([k]) => k));
  t('a name behind 255', () => new RegExp(`${'()'.repeat(299)}(?<late>y+)=\\k<late>`).exec('yy=yy').groups.late);
  t('a name before it is there', () => new RegExp(`\\k<late>${'()'.repeat(299)}(?<late>y)`).exec('y')[300]);
  t('names twice', () => new RegExp(`${'()'.repeat(299)}(?:(?<d>a)|(?<d>b))\\k<d>`).exec('bb').groups.d);
  t('backwards', () => new RegExp(`(?<=${'()'.repeat(299)}(z)\\300)!`).exec('zz!') ?? null);
  t('without case', () => new RegExp(`${'()'.repeat(299)}(é)\\300`, 'iu').exec('éÉ')[300]);
  t('forgotten at each turn', () => new RegExp(`${'()'.repeat(299)}(?:(a)|(b)|(c))*`).exec('abc').slice(299));
  t('forgotten where there is none', () => new RegExp(`${'()'.repeat(299)}(?:(a)?(b)){2}`).exec('abb').slice(299));
  t('none', () => new RegExp(`${'()'.repeat(299)}(?:(a))*$`).exec('').slice(299));
  t('replaced', () => 'k'.replace(new RegExp(`${'()'.repeat(98)}(k)(?:)`), '[$99]'));
  t('split', () => 'a1b'.split(new RegExp(`${'()'.repeat(299)}(1)`)).length);
  t('places', () => new RegExp(`${'()'.repeat(299)}(x)`, 'd').exec('abx').indices[300]);
  t('last', () => { new RegExp(`${'()'.repeat(299)}(x)`).exec('abx'); return [RegExp.lastParen, RegExp.$1]; });
  t('too many', () => new RegExp('()'.repeat(32768)).source.length);
  t('a long pattern', () => new RegExp(`${'abcdefgh'.repeat(300)}(`));
  t('a long name', () => null[`${'name'.repeat(600)}`]);
  t('a long value', () => { throw new TypeError('x'.repeat(3000)); });
  return Response.json(f);
} };
