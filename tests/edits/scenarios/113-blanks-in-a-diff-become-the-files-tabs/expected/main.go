package main

import "fmt"

func main() {
	for i := range 3 {
		if i > 0 {
			fmt.Println(i)
		}
	}
}
