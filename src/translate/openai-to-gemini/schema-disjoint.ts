/** Whether the branches of a `oneOf` exclude each other, so that `anyOf`, which Gemini has, says the same. */
import { type Shape, type TypeName, typesOf } from "./schema-shape.ts";

/** A tag is among the first properties that are required; the search is not to cost more than the schema. */
const MAX_TAGS_TRIED = 32;

/** No value satisfies two of the shapes: none share a type, or all are objects that one property tells apart. */
export function areDisjoint(shapes: readonly Shape[]): boolean {
  return haveDistinctTypes(shapes) || haveDistinctTags(shapes);
}

function haveDistinctTypes(shapes: readonly Shape[]): boolean {
  const seen = new Set<TypeName>();
  for (const shape of shapes) {
    const types = typesOf(shape);
    if (types === undefined) return false;
    for (const type of types) {
      if (seen.has(type)) return false;
      seen.add(type);
      if (type === "number") seen.add("integer");
      if (type === "integer") seen.add("number");
    }
  }
  return true;
}

/** `{"kind": {"const": "circle"}, ...}` against `{"kind": {"const": "square"}, ...}`, as unions of classes are written. */
function haveDistinctTags(shapes: readonly Shape[]): boolean {
  const [first] = shapes;
  if (first === undefined || !shapes.every(({ type }) => type === "object")) return false;
  return (first.required ?? []).slice(0, MAX_TAGS_TRIED).some((name) => {
    const seen = new Set<string | number>();
    return shapes.every((shape) => {
      const values = tagValues(shape, name);
      if (values === undefined || values.some((value) => seen.has(value))) return false;
      for (const value of values) seen.add(value);
      return true;
    });
  });
}

function tagValues({ properties, required }: Shape, name: string): (string | number)[] | undefined {
  if (properties === undefined || !Object.hasOwn(properties, name)) return undefined;
  return required?.includes(name) === true ? properties[name]?.enum : undefined;
}
