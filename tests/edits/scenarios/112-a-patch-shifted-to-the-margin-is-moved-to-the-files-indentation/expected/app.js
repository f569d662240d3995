export function greet(name) {
  return "Hello " + name;
}

export function part(name) {
  if (!name) {
    return "Goodbye";
  }
  return "Goodbye " + name;
}
