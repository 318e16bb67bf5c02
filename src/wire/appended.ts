/**
 * The list with one more at its end; undefined is the empty one. Where there is nearly always only one: a list of one takes
 * a fifth of the room that `push` makes.
 */
export function appended<T>(list: T[] | undefined, item: T): T[] {
  if (list === undefined) return [item];
  list.push(item);
  return list;
}
