export function greet(name) {
  const text = "Hello " + name;
  return text;
}

export function part(name) {
  return "Goodbye " + name;
}
