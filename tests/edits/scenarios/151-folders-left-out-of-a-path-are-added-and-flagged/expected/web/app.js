export function greet(name) {
  return `Hello ${name}`;
}

export function part(name) {
  return "Goodbye " + name;
}
