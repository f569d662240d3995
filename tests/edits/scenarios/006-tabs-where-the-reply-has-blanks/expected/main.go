package main

func main() {
	for i := range 3 {
		if i > 0 {
			print(i)
		}
	}
}
